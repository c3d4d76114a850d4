"""Passages: torn lines made whole, with their boxes."""

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.answer_records import Passage
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.retrieval.passages import lines_of, passages


def at(text: str, left: int, top: int, width: int = 60, height: int = 18) -> Line:
    return Line(text, Box(left, top, left + width, top + height))


def texts(*lines: Line) -> list[str]:
    return [one.text for one in passages(lines)]


def test_a_value_joins_the_label_of_its_row_in_one_box() -> None:
    found = passages(
        [at("Rye loaf", 0, 0), at("4.90", 300, 2), at("TOTAL", 0, 30), at("4.90", 300, 31)]
    )
    assert found == [
        Passage("Rye loaf 4.90", Box(0, 0, 360, 20)),
        Passage("TOTAL 4.90", Box(0, 30, 360, 49)),
    ]


def test_on_a_slanted_scan_values_come_before_their_labels() -> None:
    slanted = [
        at("46.00", 300, 0),
        at("Pitch fee", 0, 10),
        at("5.00", 300, 24),
        at("Showers", 0, 34),
    ]
    assert texts(at("Date 2024-07-19", 0, -20), *slanted) == [
        "Date 2024-07-19",
        "Pitch fee 46.00",
        "Showers 5.00",
    ]


def test_a_page_on_its_side_has_rows_too() -> None:
    def side(text: str, top: int, left: int) -> Line:
        return Line(text, Box(left, top, left + 18, top + 60))

    found = passages([side("Rye loaf", 300, 0), side("4.90", 0, 2)])
    assert found == [Passage("Rye loaf 4.90", Box(0, 0, 20, 360))]


def test_a_value_under_its_label_joins_it_and_not_its_neighbour() -> None:
    lines = [at("Open", 0, 0), at("Solved", 200, 0), at("73", 0, 24, height=40)]
    assert texts(*lines, at("218", 200, 24, height=40)) == ["Open 73", "Solved 218"]


def test_a_sentence_over_two_lines_is_whole() -> None:
    lines = [
        at("Place the bar below the screen, at least five", 0, 0),
        at("steps away. Sit.", 0, 20),
    ]
    assert [(one.text, one.box) for one in passages(lines)] == [
        ("Place the bar below the screen, at least five steps away.", Box(0, 0, 60, 38)),
        ("Sit.", Box(0, 0, 60, 38)),
    ]


def test_items_of_a_list_and_headings_stay_apart() -> None:
    lines = ["# What to take along", "- water for two days", "- a map of the whole area"]
    assert texts(*(Line(line, None) for line in lines)) == lines


def test_a_cut_text_gets_the_whole_lines_of_its_page() -> None:
    page = [Line("one two", Box(0, 0, 9, 9)), Line("three", Box(0, 9, 9, 18)), Line("four", None)]
    assert lines_of("two\nthr", page, None) == page[:2]
    assert lines_of("elsewhere", page, Box(1, 1, 2, 2)) == [Line("elsewhere", Box(1, 1, 2, 2))]


LINES = st.lists(
    st.builds(
        at,
        st.sampled_from(
            ["TOTAL", "4.90", "Rye loaf", "goes on and on here", "End.", "- item", "7"]
        ),
        st.integers(0, 300),
        st.integers(0, 300),
    ),
    max_size=9,
)


@given(LINES)
def test_every_word_of_the_lines_is_in_one_passage(lines: list[Line]) -> None:
    words = sorted(word for line in lines for word in line.text.split())
    assert sorted(word for one in passages(lines) for word in one.text.split()) == words
