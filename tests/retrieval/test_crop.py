"""A closer look at the pictures on top."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mmrag_pipeline.engines.stub import StubImageText
from mmrag_pipeline.records import Box, Pixels
from mmrag_pipeline.retrieval.crop import Crop, Spot, parts_of
from mmrag_pipeline.retrieval.signals import Answer
from tests.retrieval.refining import WORDS, keys, ranking
from tests.retrieval.shelves import answers, found, picture

RANKED = ranking(a=3.0, b=2.0, c=1.0)
POINTS = [
    found("a", 0.5, kind="page", box=[0, 0, 8, 8], digest="x", media_type="image/png"),
    found("a", 0.9, kind="tile", box=[2, 0, 6, 8], digest="x", media_type="image/png"),
    found("b", 0.4, kind="page"),
    found("c", 0.3, kind="page"),
]


@dataclass(slots=True)
class Source:
    """Pictures by key, and which spots were asked for."""

    pictures: dict[str, Pixels]
    asked: list[Spot] = field(default_factory=list)

    def __call__(self, spots: Sequence[Spot]) -> list[Pixels | None]:
        self.asked += spots
        return [self.pictures.get(spot.file[1]) for spot in spots]


def answer(seen: Pixels) -> Answer:
    """Return the answer to a query that looks just like a picture."""
    question = StubImageText().encode_images([seen])[0]
    return replace(answers({"image": POINTS})[0], questions={"image": question})


def test_four_parts_of_a_crop_overlap_and_reach_its_corners() -> None:
    crop = np.arange(10 * 20 * 3, dtype=np.uint8).reshape(10, 20, 3)
    parts = parts_of(crop)
    assert {part.shape for part in parts} == {(6, 12, 3)}
    assert np.array_equal(parts[0], crop[:6, :12])
    assert np.array_equal(parts[3], crop[4:, 8:])


def test_a_crop_of_one_pixel_has_parts() -> None:
    assert {part.shape for part in parts_of(np.zeros((1, 1, 3), np.uint8))} == {(1, 1, 3)}


def test_a_file_with_a_part_that_is_what_was_asked_for_comes_first() -> None:
    source = Source({key: picture(n) for n, key in enumerate("abc")})
    wanted = parts_of(source.pictures["c"])[2]
    files = Crop(source, weight=1.0)(WORDS, RANKED, [answer(wanted)])
    assert files[0].file == ("shop", "c")
    assert files[0].changes["crop"]["judged"] == pytest.approx(1.0)


def test_the_best_picture_of_each_file_on_top_is_looked_at() -> None:
    source = Source({})
    Crop(source, top=2)(WORDS, RANKED, [answer(picture(1))])
    first, second = source.asked
    assert first == Spot(("shop", "a"), "x", "image/png", 1, Box(2, 0, 6, 8))
    assert second == Spot(("shop", "b"), "", "", 1, None)


def test_a_file_whose_source_is_gone_keeps_its_score() -> None:
    source = Source({"a": picture(1), "c": picture(2)})
    files = Crop(source)(WORDS, RANKED, [answer(picture(3))])
    (kept,) = [file for file in files if file.file[1] == "b"]
    assert kept == RANKED[1]


@pytest.mark.parametrize("text", ["kettle XR-200", "total 129.50"])
def test_numbers_and_codes_are_not_looked_for(text: str) -> None:
    source = Source({"c": picture(1)})
    exact = replace(WORDS, text=text)
    assert Crop(source)(exact, RANKED, [answer(picture(1))]) == RANKED
    assert source.asked == []


def test_where_pictures_were_not_asked_nothing_is_read() -> None:
    source = Source({"c": picture(1)})
    files = Crop(source)(WORDS, RANKED, answers({"image": POINTS}, {"text": POINTS}))
    assert (keys(files), source.asked) == (["a", "b", "c"], [])
