"""Pixels read again from the source."""

from contextlib import nullcontext

import numpy as np
import pytest

from mmrag_pipeline.ids import digest_bytes
from mmrag_pipeline.records import Box
from mmrag_pipeline.retrieval.crop import Spot
from mmrag_pipeline.retrieval.spots import SourcePixels
from mmrag_pipeline.testing.reader import FakeReader
from mmrag_pipeline.testing.source import FakeSource

DATA = b"pdf:A@40x30|B@20x10|=words"


@pytest.fixture
def source() -> FakeSource:
    filled = FakeSource()
    filled.put("shop", "a.pdf", DATA)
    return filled


def spot(page_no: int = 1, box: Box | None = None) -> Spot:
    return Spot(("shop", "a.pdf"), digest_bytes(DATA), "application/pdf", page_no, box)


def pixels_of(source: FakeSource, *spots: Spot) -> list[tuple[int, ...] | None]:
    """Return the shapes of what is seen at spots."""
    read = SourcePixels(source, lambda: nullcontext(FakeReader()), 1_000)
    return [None if pixels is None else pixels.shape for pixels in read(spots)]


def test_a_spot_is_cut_out_of_its_page(source: FakeSource) -> None:
    whole = SourcePixels(source, lambda: nullcontext(FakeReader()), 1_000)
    page, cut = whole([spot(), spot(box=Box(10, 5, 30, 25))])
    assert page is not None
    assert cut is not None
    assert np.array_equal(cut, page[5:25, 10:30])


def test_spots_come_in_order_and_a_file_is_read_once(source: FakeSource) -> None:
    shapes = pixels_of(source, spot(2), spot(1), spot(2, Box(0, 0, 4, 4)))
    assert shapes == [(10, 20, 3), (30, 40, 3), (4, 4, 3)]
    assert source.opened["a.pdf"] == 1


def test_what_changed_since_it_was_indexed_is_not_looked_at(source: FakeSource) -> None:
    source.put("shop", "a.pdf", b"img:C")
    assert pixels_of(source, spot()) == [None]


def test_what_is_gone_or_cannot_be_read_is_not_looked_at(source: FakeSource) -> None:
    source.break_reading("shop", "a.pdf")
    assert pixels_of(source, spot()) == [None]
    source.delete("shop", "a.pdf")
    assert pixels_of(source, spot()) == [None]


def test_a_page_that_is_not_there_or_a_box_outside_it_has_no_pixels(source: FakeSource) -> None:
    assert pixels_of(source, spot(9), spot(1, Box(90, 90, 99, 99))) == [None, None]
