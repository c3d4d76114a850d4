"""The text layer of a PDF page as lines with boxes, in PDFium's reading order."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from mmrag_pipeline.parsing.limits import too_large
from mmrag_pipeline.parsing.text import clean
from mmrag_pipeline.records import Box, Line

MAX_PAGE_CHARS = 500_000
_BREAKS = frozenset({0x0A, 0x0D})
_SOFT_HYPHENS = frozenset({0x02, 0xAD, 0xFFFE})
"""PDFium puts 0x02 (earlier 0xFFFE) for a hyphen at a line's end and omits the line break."""


@dataclass(frozen=True, slots=True)
class Span:
    """A line's text and the characters [start, stop) whose rectangles are its box."""

    text: str
    start: int
    stop: int


def text_lines(page: pypdfium2.PdfPage, width_px: int, height_px: int) -> tuple[Line, ...]:
    """Return the lines of a page that lie on it, boxes in pixels of a raster of this size.

    Raises ParseError (`too_large`) for a page with more than MAX_PAGE_CHARS characters.
    """
    text_page = page.get_textpage()
    try:
        count = text_page.count_chars()
        if count > MAX_PAGE_CHARS:
            raise too_large(f"a page has {count} characters", limit=f"{MAX_PAGE_CHARS} characters")
        codes = [pdfium.FPDFText_GetUnicode(text_page, index) for index in range(count)]
        found = ((span, _box(text_page, span, (width_px, height_px))) for span in spans(codes))
        return tuple(Line(span.text, box) for span, box in found if box is not None)
    finally:
        text_page.close()


def spans(codes: Sequence[int]) -> Iterator[Span]:
    """Yield the lines of a page's characters; a word broken by a soft hyphen is made whole.

    Such a word stays in the line where it begins, and that line ends after it.
    """
    start, hyphen, chars = 0, -1, list[int]()
    for index, code in enumerate((*codes, 0x0A)):
        if code in _BREAKS or (hyphen >= 0 and code == 0x20):
            text = _text(chars)
            if text:
                yield Span(text, start, hyphen if hyphen >= 0 else index)
            start, hyphen, chars = index + 1, -1, []
        elif code in _SOFT_HYPHENS:
            hyphen = index if hyphen < 0 else hyphen
        else:
            chars.append(code)


def _text(codes: Sequence[int]) -> str:
    """Return characters as clean text, UTF-16 halves joined."""
    raw = "".join(chr(code) for code in codes if code <= 0x10FFFF)
    joined = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return clean(joined).strip()


def _box(text_page: pypdfium2.PdfTextPage, span: Span, size_px: tuple[int, int]) -> Box | None:
    """Return the visible rectangle of a span, or None when it lies outside the page."""
    corners = [
        corner
        for rect in _rects(text_page, span)
        for corner in _to_pixels(text_page.page, rect, size_px)
    ]
    if not corners:
        return None
    xs, ys = zip(*corners, strict=True)
    width, height = size_px
    left, right = max(0, min(xs)), min(width, max(xs) + 1)
    top, bottom = max(0, min(ys)), min(height, max(ys) + 1)
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _rects(
    text_page: pypdfium2.PdfTextPage, span: Span
) -> Iterator[tuple[float, float, float, float]]:
    for index in range(text_page.count_rects(span.start, span.stop - span.start)):
        yield text_page.get_rect(index)


def _to_pixels(
    page: pypdfium2.PdfPage,
    rect: tuple[float, float, float, float],
    size_px: tuple[int, int],
) -> Iterator[tuple[int, int]]:
    """Yield two opposite corners in pixels; PDFium applies crop and rotation."""
    left, bottom, right, top = rect
    x, y = ctypes.c_int(), ctypes.c_int()
    for corner in ((left, top), (right, bottom)):
        if pdfium.FPDF_PageToDevice(page, 0, 0, *size_px, 0, *corner, x, y):
            yield x.value, y.value
