"""PDF pages: size, text with boxes, digests, and what a bad page or file ends as."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.parsing.limits import Limits
from mmrag_pipeline.parsing.pdf import page_dpi, parse_pdf, pdf_pixels, raster_of
from mmrag_pipeline.parsing.pdf_text import Span, spans
from mmrag_pipeline.records import PageProblem, ParsedPage
from tests.parsing.samples import LIMITS, empty_pages, text_pdf, words

LOCKED = b"/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (
    b"11" * 32,
    b"22" * 32,
)


def pages(data: bytes, limits: Limits = LIMITS) -> list[ParsedPage]:
    """Return the pages of a PDF, all of which must be readable."""
    found = [page for page in parse_pdf(data, limits) if isinstance(page, ParsedPage)]
    assert len(found) == len(list(parse_pdf(data, limits)))
    return found


def reason_of(read: Iterator[object]) -> str:
    """Return why a file is refused."""
    with pytest.raises(ParseError) as caught:
        list(read)
    return caught.value.reason


def test_pages_are_numbered_from_one_and_measured_at_the_chosen_dpi() -> None:
    found = pages(empty_pages(2), replace(LIMITS, pdf_dpi=144))
    assert [(p.page_no, p.width_px, p.height_px, p.dpi) for p in found] == [
        (1, 400, 200, 144.0),
        (2, 400, 200, 144.0),
    ]
    assert found[1].raster == "pdf:2@144.0"


def test_a_line_of_text_has_its_box_where_its_ink_is() -> None:
    data = text_pdf(words(b"Total 42.00", x=50, y=40))
    (page,) = pages(data)
    (line,) = page.lines
    (shown,) = pdf_pixels(data, [page.raster], LIMITS)
    rows, columns = np.nonzero(shown.pixels.min(axis=2) < 128)
    assert line.text == "Total 42.00"
    assert line.box is not None
    assert line.box.left <= columns.min() <= columns.max() <= line.box.right
    assert line.box.top <= rows.min() <= rows.max() <= line.box.bottom
    assert line.box.right - line.box.left < 80


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_boxes_follow_the_rotation_and_crop_of_a_page(rotate: int) -> None:
    data = text_pdf(
        words(b"Turned", x=120, y=60),
        page=b"/MediaBox [0 0 300 200] /CropBox [100 50 300 150] /Rotate %d" % rotate,
    )
    (page,) = pages(data)
    (shown,) = pdf_pixels(data, [page.raster], LIMITS)
    rows, columns = np.nonzero(shown.pixels.min(axis=2) < 128)
    box = page.lines[0].box
    assert box is not None
    assert (page.width_px, page.height_px) == ((200, 100) if rotate == 180 else (100, 200))
    assert box.left - 1 <= columns.min() <= columns.max() <= box.right
    assert box.top - 1 <= rows.min() <= rows.max() <= box.bottom


def test_words_off_the_page_are_left_out() -> None:
    (page,) = pages(text_pdf(words(b"here") + words(b"nowhere", x=900, y=900)))
    assert [line.text for line in page.lines] == ["here"]


def test_a_page_without_text_layer_has_no_lines() -> None:
    assert pages(empty_pages(1))[0].lines == ()


def test_editing_one_page_changes_one_page_digest() -> None:
    before = pages(text_pdf(words(b"one"), words(b"two"), words(b"three")))
    after = pages(text_pdf(words(b"one"), words(b"2"), words(b"three")))
    same = [a.page_digest == b.page_digest for a, b in zip(before, after, strict=True)]
    assert same == [True, False, True]


def test_blank_pages_of_different_shape_differ() -> None:
    wide, high = pages(empty_pages(1)), pages(empty_pages(1, width_pt=100, height_pt=200))
    assert wide[0].page_digest != high[0].page_digest


@given(st.tuples(st.floats(1, 1e7), st.floats(2e-3, 1)).map(lambda p: (p[0], p[0] * p[1])))
def test_no_page_is_drawn_larger_than_allowed(size_pt: tuple[float, float]) -> None:
    dpi = page_dpi(size_pt, LIMITS)
    assert np.ceil(max(size_pt) * (dpi / 72)) <= LIMITS.decode_side_px
    assert raster_of(f"pdf:1@{dpi!r}") == (1, dpi)


def test_a_giant_page_is_drawn_smaller_and_measured_so() -> None:
    data = empty_pages(1, width_pt=14_000, height_pt=7_000)
    (page,) = pages(data)
    (shown,) = pdf_pixels(data, [page.raster], LIMITS)
    assert max(page.width_px, page.height_px) <= LIMITS.decode_side_px
    assert shown.pixels.shape == (page.height_px, page.width_px, 3)


def test_a_tiny_page_has_at_least_one_pixel() -> None:
    (page,) = pages(empty_pages(1, width_pt=0.3, height_pt=0.2))
    assert (page.width_px, page.height_px) == (1, 1)


def test_one_bad_page_is_named_and_the_others_are_kept() -> None:
    data = text_pdf(words(b"one"), words(b"two"), words(b"three")).replace(
        b"/Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 7 0 R",
        b"/Type /Page /Parent 2 0 R /MediaBox [0 0 2000 .1] /Contents 7 0 R",
    )
    found = list(parse_pdf(data, LIMITS))
    assert [type(page) for page in found] == [ParsedPage, PageProblem, ParsedPage]
    assert [page.page_no for page in found] == [1, 2, 3]


def test_a_file_of_bad_pages_only_is_corrupt() -> None:
    data = text_pdf(words(b"one"), page=b"/MediaBox [0 0 2000 .1]")
    assert reason_of(parse_pdf(data, LIMITS)) == "corrupt"


def test_a_locked_file_is_encrypted() -> None:
    assert reason_of(parse_pdf(text_pdf(b"", trailer=LOCKED), LIMITS)) == "encrypted"


def test_too_many_pages_are_refused_before_any_is_read() -> None:
    assert reason_of(parse_pdf(empty_pages(21), LIMITS)) == "too_large"


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4 junk" * 9, b"\0"])
def test_what_is_no_pdf_is_corrupt(data: bytes) -> None:
    assert reason_of(parse_pdf(data, LIMITS)) == "corrupt"


@pytest.mark.parametrize(
    "raster",
    ["", "frame:0", "pdf:1", "pdf:0@72.0", "pdf:2@72.0", "pdf:1@inf", "pdf:1@0", "pdf:1@9999"],
)
def test_a_raster_that_names_no_page_is_refused(raster: str) -> None:
    assert reason_of(pdf_pixels(empty_pages(1), [raster], LIMITS)) == "corrupt"


def test_a_word_broken_at_a_line_end_is_made_whole() -> None:
    codes = [ord(c) for c in "an exam\x02ple of\r\nlines"]
    assert list(spans(codes)) == [
        Span("an example", 0, 7),
        Span("of", 12, 14),
        Span("lines", 16, 21),
    ]


def test_pdfium_reports_a_broken_word_as_we_expect() -> None:
    (page,) = pages(text_pdf(words(b"an exam-", y=60) + words(b"ple of lines", y=45)))
    assert [line.text for line in page.lines] == ["an example", "of lines"]


def test_characters_beyond_the_basic_plane_and_odd_ones_survive() -> None:
    assert [s.text for s in spans([0xD83D, 0xDE00, 0x110000, 7, 0xAD, 0x41])] == ["\U0001f600A"]
