"""Chunks cover all tokens, are never too long, overlap, and know where they stand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.indexing.splitting import Piece, split_lines
from mmrag_pipeline.records import Box, Line

SPANS = StubText().token_spans
words = st.text("abc.!?", min_size=1, max_size=6)
texts = st.lists(st.lists(words, max_size=12).map(" ".join), max_size=12)
sizes = st.integers(4, 20)


def _pieces(texts: list[str], size: int, overlap: int) -> list[Piece]:
    lines = [Line(text, None) for text in texts]
    return split_lines(lines, SPANS, size=size, overlap=overlap)


def _numbered(count: int) -> list[Line]:
    """Return lines of four words, each with the box of its row."""
    return [
        Line(" ".join(f"w{4 * row + i}" for i in range(4)), Box(row, 10 * row, 90, 10 * row + 10))
        for row in range(count)
    ]


@given(texts, sizes)
def test_no_chunk_has_more_tokens_than_allowed(texts: list[str], size: int) -> None:
    for piece in _pieces(texts, size, size // 3):
        assert 0 < piece.token_count <= size
        assert piece.token_count == len(SPANS(piece.text))


@given(st.integers(1, 60), sizes)
def test_chunks_cover_all_words_in_order(count: int, size: int) -> None:
    expected = [f"w{n}" for n in range(count)]
    pieces = _pieces([" ".join(expected)], size, size // 3)
    seen = [word for piece in pieces for word in piece.text.split()]
    assert list(dict.fromkeys(seen)) == expected


@given(st.integers(1, 60), sizes)
def test_neighbouring_chunks_overlap_and_advance(count: int, size: int) -> None:
    pieces = _pieces([" ".join(f"w{n}" for n in range(count))], size, size // 3)
    for one, other in pairwise(pieces):
        shared = set(one.text.split()) & set(other.text.split())
        assert len(shared) >= size // 3
        assert not set(other.text.split()) <= set(one.text.split())


@given(texts, sizes)
def test_splitting_is_a_function_of_its_input(texts: list[str], size: int) -> None:
    assert _pieces(texts, size, 2) == _pieces(texts, size, 2)


def test_a_chunk_has_the_union_of_the_boxes_of_its_lines() -> None:
    pieces = split_lines(_numbered(4), SPANS, size=8, overlap=0)
    assert [piece.box for piece in pieces] == [Box(0, 0, 90, 20), Box(2, 20, 90, 40)]


def test_a_chunk_ends_at_a_sentence_where_one_ends_in_reach() -> None:
    pieces = _pieces(["a b c d e f g h i. j k l m n o"], 10, 2)
    assert pieces[0].text.endswith("i.")


def test_a_chunk_belongs_to_the_last_heading_at_or_before_its_start() -> None:
    lines = ["intro text here now", "# One", "a b c d", "## Two ##", "e f g h"]
    sections = [piece.section for piece in _pieces(lines, 4, 0)]
    assert sections[0] == ""
    assert sections[-1] == "Two"
    assert "One" in sections


def test_a_word_of_several_tokens_is_not_cut_in_the_middle() -> None:
    def halves(text: str) -> list[tuple[int, int]]:
        spans = []
        for start, stop in SPANS(text):
            middle = (start + stop) // 2
            spans += [(start, middle), (middle, stop)]
        return spans

    text = " ".join(f"word{n}" for n in range(10, 30))
    pieces = split_lines([Line(text, None)], halves, size=7, overlap=3)
    assert all(word in text.split() for piece in pieces for word in piece.text.split())


def test_a_page_without_words_has_no_chunks() -> None:
    assert _pieces(["", "   "], 8, 2) == []


def test_confidence_is_the_mean_of_the_lines() -> None:
    lines = [Line("one two", None, 0.5), Line("three four", None, 1.0)]
    (piece,) = split_lines(lines, SPANS, size=8, overlap=0)
    assert piece.confidence == 0.75


@pytest.mark.parametrize(
    "line", ["#" * 7 + " too deep", "#no space", "# ", "#", "# ##", "text # One", " # indented"]
)
def test_a_line_that_is_no_heading_opens_no_section(line: str) -> None:
    assert _pieces(["# Real #", line, "a b c d"], 3, 0)[-1].section == "Real"


def test_a_section_is_bounded_in_length() -> None:
    assert len(_pieces(["# " + "long " * 100], 8, 0)[-1].section) == 200


def test_each_line_is_read_a_bounded_number_of_times() -> None:
    class Counted(list[Line]):
        reads = 0

        def __getitem__(self, place):  # type: ignore[no-untyped-def]  # two overloads
            found = super().__getitem__(place)
            Counted.reads += len(found) if isinstance(found, list) else 1
            return found

    lines = Counted(_numbered(2_000))
    split_lines(lines, SPANS, size=40, overlap=8)
    assert Counted.reads < 2 * len(lines)


def test_a_heading_of_odd_characters_takes_one_pass() -> None:
    line = Line("# " + "#" * 200_000 + "x", None)
    assert split_lines([line], lambda text: [(0, len(text))], size=8, overlap=0)[0].section
