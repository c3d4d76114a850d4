"""Lines become a page: order, script, turning back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.engines.reading import page_of, reading_order, script_of, turn_back
from mmrag_pipeline.records import Box, Line


def test_rows_are_read_from_the_top_and_each_from_the_left() -> None:
    boxes = [Box(50, 42, 90, 62), Box(50, 2, 90, 20), Box(0, 40, 40, 60), Box(0, 0, 40, 20)]
    assert reading_order(boxes) == [3, 1, 2, 0]


@given(st.lists(st.tuples(*[st.integers(0, 99)] * 2, *[st.integers(1, 50)] * 2), max_size=20))
def test_reading_order_leaves_no_box_out(cells: list[tuple[int, int, int, int]]) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in cells]
    assert sorted(reading_order(boxes)) == list(range(len(boxes)))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_box_turns_back_to_the_pixels_it_came_from(turns: int) -> None:
    picture = np.zeros((30, 50), np.uint8)
    picture[4:9, 11:31] = 255
    rows, columns = np.nonzero(np.rot90(picture, turns))
    turned = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    back = turn_back(turned, quarter_turns=turns, width_px=50, height_px=30)
    assert back == Box(11, 4, 31, 9)


@pytest.mark.parametrize(
    ("text", "script"),
    [("Total 12.50", "latin"), ("合計 100", "han"), ("12.50", ""), ("", ""), ("aб合ع", "und")],
)
def test_the_script_is_what_most_letters_show(text: str, script: str) -> None:
    assert script_of(text) == script


def test_blank_lines_are_dropped_and_do_not_count_for_the_mean() -> None:
    page = page_of([Line("total", None, 0.8), Line("  ", None, 0.1)])
    assert (len(page.lines), page.confidence) == (1, 0.8)
