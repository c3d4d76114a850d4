"""A machine that is taken away: what was finished is kept, and batches fit into what is left."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.engines.stub import StubImageText, StubOcr, StubText
from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.indexing.preemption import Pace, kept_at_the_end
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import Card, OcrResult, Pixels, Vectors
from tests.indexing.life import DOMAIN, Life


class _Noticed(BaseException):
    """The process was asked to end, as Dagster and our commands tell it: no Exception."""


class _Ending:
    """A model of two roles that is asked to end at its third call."""

    def __init__(self, model: StubOcr | StubText | StubImageText) -> None:
        self.card: Card = model.card
        self._model, self._calls = model, 0

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        self._count()
        return self._model.read(pages)  # type: ignore[union-attr]  # the test gives an OCR engine

    def encode(self, texts: Sequence[str]) -> Vectors:
        self._count()
        return self._model.encode(texts)  # type: ignore[union-attr]  # here a text encoder

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self._model.token_spans(text)  # type: ignore[union-attr]  # here a text encoder

    def _count(self) -> None:
        self._calls += 1
        if self._calls == 3:
            raise _Noticed


def _life() -> Life:
    life = Life()
    life.put(**{f"p{n}": f"img:{n}" for n in range(40)})
    life.put(**{f"t{n}": f"txt:note {n}" for n in range(40)})
    return life


def _end_in(life: Life, role: str, model: StubOcr | StubText) -> None:
    whole = life.models
    life.models = type(whole)(**{role: _Ending(model)})  # type: ignore[arg-type]  # by role
    with pytest.raises(_Noticed):
        run_partition(life.world(), DOMAIN, Mode("ended"))
    life.models = whole


def test_with_notice_only_the_batch_in_hand_is_read_again() -> None:
    life = _life()
    _end_in(life, "ocr", StubOcr())
    life.run()
    in_hand = max(life.ledger.entries.values())
    assert (in_hand, life.ledger.repeated()) == (2, 4)
    assert life.index() == life.rebuild()[0]


def test_with_notice_only_the_batch_in_hand_is_encoded_again() -> None:
    life = _life()
    life.settings = life.settings.model_copy(update={"batch_size": 1})
    _end_in(life, "text", StubText())
    life.run()
    assert life.ledger.repeated() == 4
    assert life.index() == life.rebuild()[0]


class _Held:
    """A batch that counts how often it was flushed."""

    def __init__(self) -> None:
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1


def test_a_store_that_fails_is_not_written_to_again() -> None:
    held = _Held()
    with (
        pytest.raises(StateUnavailableError),
        kept_at_the_end([held]),
    ):
        raise StateUnavailableError("away")
    assert held.flushed == 0


def test_a_slow_model_gets_batches_that_fit_into_a_quarter_of_the_grace() -> None:
    pace = Pace(32, grace_s=100)
    pace.took(32, 64.0)
    assert pace.size == 12


def test_a_model_that_gets_faster_gets_larger_batches_again() -> None:
    pace = Pace(32, grace_s=100)
    pace.took(1, 1_000.0)
    assert pace.size == 1
    pace.took(1, 0.01)
    assert pace.size == 32


@given(
    st.lists(st.text(max_size=3), max_size=50),
    st.integers(1, 9),
    st.lists(st.floats(0, 1e4), max_size=60),
)
def test_batches_leave_nothing_out_whatever_they_take(
    items: list[str], most: int, seconds: list[float]
) -> None:
    pace, given_out = Pace(most, grace_s=10), list[str]()
    for number, part in enumerate(pace.batches(items)):
        assert 1 <= len(part) <= most
        given_out += part
        pace.took(len(part), seconds[number] if number < len(seconds) else 0.0)
    assert given_out == items
