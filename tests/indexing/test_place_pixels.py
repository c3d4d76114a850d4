"""What lies at a place: pixels, lines and crops."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.indexing.place_pixels import PageAt, crop, lines_at, pixels_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import Box, Line, PagePixels
from tests.indexing.life import DOMAIN, Life

PAGE = PagePixels(np.zeros((400, 600, 3), dtype=np.uint8), 1.0)


def size(jpeg: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(jpeg)).size


def test_a_box_is_shown_with_what_is_around_it() -> None:
    assert size(crop(PAGE, Box(100, 100, 300, 140), side_px=900)) == (200 + 128, 40 + 128)


@pytest.mark.parametrize("box", [None, Box(5000, 5000, 6000, 6000)])
def test_without_a_box_on_it_the_page_is_shown_within_the_bound(box: Box | None) -> None:
    assert size(crop(PAGE, box, side_px=300)) == (300, 200)


def test_boxes_are_in_page_pixels_whatever_was_decoded() -> None:
    half = PagePixels(PAGE.pixels, 0.5)
    assert size(crop(half, Box(200, 200, 600, 400), side_px=900)) == (300, 200)


@pytest.fixture
def world() -> World:
    life = Life()
    life.put(a="img:1", b="txt:one\ntwo", c="pdf:=w")
    life.run()
    return life.world()


def test_the_pixels_of_a_page_are_found_and_those_of_a_text_are_not(world: World) -> None:
    drawn = pixels_of(world, PageAt(DOMAIN, "a", 1))
    assert drawn is not None
    assert drawn.pixels.shape == (32, 40, 3)
    assert pixels_of(world, PageAt(DOMAIN, "b", 1)) is None
    assert pixels_of(world, PageAt("elsewhere", "a", 1)) is None


def test_a_page_whose_source_is_away_has_no_pixels() -> None:
    life = Life()
    life.put(a="img:1")
    life.run()

    def fail() -> None:
        raise StateUnavailableError("the share is away")

    life.source.while_reading = fail
    assert pixels_of(life.world(), PageAt(DOMAIN, "a", 1)) is None


def test_lines_are_those_of_the_text_layer_or_of_ocr(world: World) -> None:
    def lines(key: str, page_no: int = 1) -> list[Line]:
        return list(lines_at(world.tables, {}, PageAt(DOMAIN, key, page_no)))

    assert lines("b") == [Line("one", None), Line("two", None)]
    assert lines("c") == [Line("w", Box(0, 0, 40, 16))]
    assert lines("a")[0].box is not None
    assert lines("a", 2) == lines("gone") == []
