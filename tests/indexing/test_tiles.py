"""Tiles cover the page, overlap and stay inside."""

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.indexing.tiles import tile_boxes
from mmrag_pipeline.records import Box
from mmrag_pipeline.testing.worlds import fake_settings
from tests.indexing.life import DOMAIN, Life

SETTINGS = fake_settings().model_copy(update={"tile_px": 64})
sides = st.integers(1, 3_000)


def _gaps(intervals: set[tuple[int, int]], length: int) -> list[int]:
    """Return how far each interval starts before the reach of those before it."""
    reach, overlaps = 0, []
    for start, stop in sorted(intervals):
        overlaps.append(reach - start)
        reach = max(reach, stop)
    assert reach == length
    return overlaps


@given(sides, sides)
def test_tiles_stay_inside_the_page_and_the_first_is_the_page(width: int, height: int) -> None:
    boxes = tile_boxes(SETTINGS, width, height)
    assert boxes[0] == Box(0, 0, width, height)
    for box in boxes:
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height


@given(sides, sides)
def test_tiles_cover_the_page_and_overlap(width: int, height: int) -> None:
    tiles = tile_boxes(SETTINGS, width, height)[1:] or [Box(0, 0, width, height)]
    across = _gaps({(b.left, b.right) for b in tiles}, width)
    down = _gaps({(b.top, b.bottom) for b in tiles}, height)
    smallest = int(SETTINGS.tile_px * SETTINGS.tile_overlap) - 1
    assert all(gap >= smallest for gap in across[1:] + down[1:])
    assert len({(b.left, b.top) for b in tiles}) == len(tiles)


@given(sides, sides)
def test_there_are_never_more_tiles_than_allowed(width: int, height: int) -> None:
    assert len(tile_boxes(SETTINGS, width, height)) <= SETTINGS.max_tiles + 1


@given(sides, sides)
def test_no_two_tiles_are_the_same(width: int, height: int) -> None:
    boxes = tile_boxes(SETTINGS, width, height)
    assert len(set(boxes)) == len(boxes)


def test_a_small_page_is_seen_whole_only() -> None:
    assert tile_boxes(SETTINGS, 96, 20) == [Box(0, 0, 96, 20)]


def test_a_text_file_has_no_tiles() -> None:
    life = Life()
    life.put(a="txt:words")
    assert life.run()["tiles"].rows == 0


def test_a_page_that_files_share_is_cut_once() -> None:
    life = Life()
    life.put(a="pdf:p@150x20", b="pdf:p@150x20|p@150x20")
    life.run()
    tiles = life.state.tables.read("tiles", DOMAIN)
    assert tiles is not None
    assert tiles["page_digest"].n_unique() == 1
    assert tiles.is_unique().all()
