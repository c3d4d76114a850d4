"""An engine that is ill costs time, never what was indexed with it or before it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mmrag_pipeline.engines.stub import StubImageText, StubText
from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.records import Pixels, Vectors
from mmrag_pipeline.testing.snapshot import serving
from tests.indexing.life import DOMAIN, Life

FIRST, SECOND = "mmrag__d__g1", "mmrag__d__g2"


class _Dying(StubImageText):
    """Works for some pictures, fails on some after them, and recovers."""

    def __init__(self, works: int, fails: int, *, revision: str = "2") -> None:
        super().__init__(revision=revision)
        self.works, self.fails = works, fails

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Return unit rows or raise RuntimeError, as a lost device does."""
        if self.works <= 0 and self.fails > 0:
            self.fails -= len(pictures) == 1
            raise RuntimeError("the device is lost")
        self.works -= len(pictures)
        return super().encode_images(pictures)


class _Moody(StubImageText):
    """Fails on every other picture."""

    seen = 0

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Return the row of one picture, or raise RuntimeError."""
        if len(pictures) > 1:
            raise RuntimeError("too many at once")
        self.seen += 1
        if self.seen % 2:
            raise RuntimeError("not this one")
        return super().encode_images(pictures)


class _Sick(StubText):
    """Gives its first text a vector that no index can use."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value: float | None = value

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, once with a bad one among them."""
        rows = super().encode(texts)
        if self.value is not None and len(rows):
            rows[0], self.value = self.value, None
        return rows


class _Wide(StubText):
    """Gives longer vectors than its card says."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows with eight more numbers."""
        return np.pad(super().encode(texts), ((0, 0), (0, 8)))


def _indexed(files: int) -> Life:
    life = Life()
    life.put(**{f"f{n}": f"img:{n}" for n in range(files)})
    life.run()
    return life


def test_an_engine_that_dies_midway_stops_the_run_and_empties_nothing() -> None:
    life = _indexed(20)
    before = life.index()[0]
    life.models = replace(life.models, image_text=_Dying(8, 99))
    with pytest.raises(ModelUnavailableError, match="image_vectors: the engine failed on the last"):
        life.run()
    assert life.index()[0] == before


def test_what_a_dying_engine_did_is_not_done_again() -> None:
    life = _indexed(20)
    life.models = replace(life.models, image_text=_Dying(8, 99))
    with pytest.raises(ModelUnavailableError):
        life.run()
    life.change_model("image_text", "2")
    assert life.run()["image_vectors"].computed == 12
    assert life.index() == life.rebuild()[0]


def test_an_item_that_an_engine_failed_on_is_tried_again_at_the_next_run() -> None:
    life = Life()
    life.put(**{f"f{n}": f"img:{n}" for n in range(6)})
    life.models = replace(life.models, image_text=_Dying(4, 2))
    assert life.run()["image_vectors"].failed == 2
    assert life.run()["image_vectors"].computed == 2
    assert life.index() == life.rebuild()[0]


def test_an_engine_that_fails_now_and_then_does_not_stop_the_run() -> None:
    life = Life()
    life.put(**{f"f{n}": f"img:{n}" for n in range(24)})
    life.models = replace(life.models, image_text=_Moody())
    assert life.run()["image_vectors"].failed >= 8


def test_a_generation_that_an_engine_left_incomplete_is_not_served() -> None:
    life = _indexed(6)
    before = life.index()[0]
    life.models = replace(life.models, image_text=_Dying(4, 2))
    with pytest.raises(ModelUnavailableError, match="would lack points"):
        life.run()
    assert life.index()[0] == before
    life.run()
    assert serving(life.world(), DOMAIN) == SECOND


def test_an_item_that_fails_again_and_again_does_not_hold_the_next_generation_up() -> None:
    life = _indexed(2)
    life.models = replace(life.models, image_text=_Dying(0, 99))
    for _ in range(life.settings.transient_attempts - 1):
        with pytest.raises(ModelUnavailableError):
            life.run()
        assert serving(life.world(), DOMAIN) == FIRST
    life.run()
    assert serving(life.world(), DOMAIN) == SECOND


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 1.0])
def test_a_vector_that_cannot_be_used_costs_its_item_and_is_not_remembered(value: float) -> None:
    life = Life()
    life.put(a="txt:some words", b="txt:other words")
    life.models = replace(life.models, text=_Sick(value))
    assert life.run()["text_vectors"].failed == 1
    assert life.run()["text_vectors"].computed == 1
    assert life.index() == life.rebuild()[0]


def test_vectors_of_another_dimension_than_the_card_says_are_refused() -> None:
    life = Life()
    life.put(a="txt:some words")
    life.models = replace(life.models, text=_Wide())
    assert life.run()["text_vectors"].failed == 1
