"""Text files become lines, whatever their encoding, and nothing else does."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.parsing.limits import MAX_LINES
from mmrag_pipeline.parsing.text import MAX_TEXT_BYTES, decode, parse_text

WORDS = "Größe 5 €\nzweite Zeile"


@pytest.mark.parametrize(
    "data",
    [
        WORDS.encode(),
        codecs.BOM_UTF8 + WORDS.encode(),
        codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
        WORDS.encode("cp1252"),
        WORDS.replace("\n", "\r\n").encode(),
    ],
)
def test_the_same_words_are_read_in_every_encoding(data: bytes) -> None:
    assert [line.text for line in parse_text(data).lines] == WORDS.split("\n")


def test_blank_lines_are_left_out() -> None:
    assert [line.text for line in parse_text(b"\n\n one\n \t\n\ntwo\n\n").lines] == [" one", "two"]


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_utf8_is_read_as_it_was_written(text: str) -> None:
    assert decode(text.encode()) == text


def test_a_text_page_has_no_size_no_raster_and_no_boxes() -> None:
    page = parse_text(b"one\ntwo")
    assert (page.page_no, page.width_px, page.height_px, page.raster) == (1, 0, 0, "")
    assert all(line.box is None for line in page.lines)


def test_control_characters_and_soft_hyphens_are_left_out() -> None:
    assert parse_text("co\u00adop \x1b[1mbold".encode()).lines[0].text == "coop [1mbold"


@pytest.mark.parametrize("data", [b"words\0and words" * 9, bytes(range(1, 9)) * 9, b"\xff\x81\x8d"])
def test_binary_data_under_a_text_name_is_corrupt(data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        parse_text(data)
    assert caught.value.reason == "corrupt"


def test_a_huge_text_is_too_large() -> None:
    with pytest.raises(ParseError) as caught:
        parse_text(b"a" * (MAX_TEXT_BYTES + 1))
    assert caught.value.reason == "too_large"


def test_a_text_of_very_many_lines_is_too_large() -> None:
    assert len(parse_text(b"a\n" * MAX_LINES).lines) == MAX_LINES
    with pytest.raises(ParseError) as caught:
        parse_text(b"a\n" * (MAX_LINES + 1))
    assert caught.value.reason == "too_large"
