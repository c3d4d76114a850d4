"""What a query asks."""

import numpy as np
import pytest

from mmrag_pipeline.records import PointKind, Signal
from mmrag_pipeline.retrieval.signals import SIGNALS, askable, questions
from tests.retrieval.shelves import Shelves, picture


def test_words_ask_every_signal() -> None:
    assert askable("red kettle", None, None) == SIGNALS


def test_a_picture_alone_asks_only_what_pictures_can() -> None:
    assert askable("  ", picture(1), None) == ("image", "image_text")


def test_a_query_of_nothing_asks_nothing() -> None:
    assert askable(" \n", None, None) == ()


@pytest.mark.parametrize(
    ("kinds", "signals"),
    [
        (("page", "tile"), ("image",)),
        (("ocr",), ("text", "bm25")),
        (("caption",), ("text", "image_text", "bm25")),
    ],
)
def test_a_kind_filter_drops_the_signals_it_leaves_nothing_of(
    kinds: tuple[PointKind, ...], signals: tuple[Signal, ...]
) -> None:
    assert askable("red kettle", None, kinds) == signals


def test_each_encoder_is_called_once() -> None:
    shelves = Shelves()
    questions("red kettle", None, signals=SIGNALS, encoders=shelves.encoders)
    assert (shelves.image_text.calls, shelves.text.calls) == (1, 1)


def test_an_encoder_that_no_signal_needs_is_not_called() -> None:
    shelves = Shelves()
    questions("red kettle", None, signals=("bm25",), encoders=shelves.encoders)
    assert (shelves.image_text.calls, shelves.text.calls) == (0, 0)


def test_words_without_index_terms_do_not_ask_bm25() -> None:
    asked = questions("", picture(1), signals=("image", "bm25"), encoders=Shelves().encoders)
    assert list(asked) == ["image"]


def test_words_and_a_picture_meet_in_the_middle() -> None:
    shelves = Shelves()
    asked = questions("kettle", picture(1), signals=("image",), encoders=shelves.encoders)
    words = shelves.image_text.encode_texts(["kettle"])[0]
    pixels = shelves.image_text.encode_images([picture(1)])[0]
    middle = np.asarray(asked["image"])
    assert middle @ words == pytest.approx(middle @ pixels, abs=1e-6)
