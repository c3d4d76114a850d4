"""PDF through PDFium, page by page: no forms, no scripts, no page takes the others along."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pypdfium2  # type: ignore[import-untyped]  # it ships no types

from mmrag_pipeline.errors import ItemError, ParseError
from mmrag_pipeline.ids import digest_bytes, digest_json
from mmrag_pipeline.parsing.limits import Limits, too_large
from mmrag_pipeline.parsing.pdf_text import text_lines
from mmrag_pipeline.records import PagePixels, PageProblem, ParsedPage, Pixels

_RASTER = re.compile(r"pdf:([0-9]{1,7})@([0-9]{1,3}(?:\.[0-9]{1,12})?(?:e-[0-9]{1,2})?)")
_POINTS_PER_INCH = 72.0
_MAX_DPI = 600.0
_ENCRYPTED = (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY)
_MAX_SHAPE = 1_000.0
"""A page this many times longer than wide (or the reverse) shows nothing."""


def parse_pdf(data: bytes, limits: Limits) -> Iterator[ParsedPage | PageProblem]:
    """Yield each page, numbered from 1, or why it failed; raises ParseError for the file."""
    with _document(data) as document:
        readable = 0
        for page_no in range(1, _page_count(document, limits) + 1):
            page = _parse_page(document, page_no, limits)
            readable += isinstance(page, ParsedPage)
            yield page
        if not readable:
            raise _corrupt("none of its pages can be read")


def pdf_pixels(data: bytes, rasters: Sequence[str], limits: Limits) -> Iterator[PagePixels]:
    """Yield the pixels of the pages that rasters `pdf:PAGE@DPI` name; raises ParseError."""
    wanted = [raster_of(raster) for raster in rasters]
    with _document(data) as document:
        for page_no, dpi in wanted:
            yield PagePixels(_page_pixels(document, page_no, dpi, limits), 1.0)


def raster_of(raster: str) -> tuple[int, float]:
    """Return (page number, dpi) of a raster reference `pdf:PAGE@DPI`; raises ParseError."""
    found = _RASTER.fullmatch(raster)
    if found is None or not 0 < float(found[2]) <= _MAX_DPI:
        raise ParseError(
            f"raster {raster!r} does not name a PDF page (`pdf:PAGE@DPI`): rebuild the pages table",
            reason="corrupt",
        )
    return int(found[1]), float(found[2])


@contextmanager
def _document(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in _ENCRYPTED:
            raise ParseError(
                "the PDF is locked with a password: save a copy without one", reason="encrypted"
            ) from error
        raise _corrupt(str(error)) from error
    with document:
        yield document


def _page_count(document: pypdfium2.PdfDocument, limits: Limits) -> int:
    count = len(document)
    if count < 1:
        raise _corrupt("it has no pages")
    if count > limits.max_pages:
        raise too_large(f"the PDF has {count} pages", limit=f"MMRAG_MAX_PAGES={limits.max_pages}")
    return count


def _parse_page(
    document: pypdfium2.PdfDocument, page_no: int, limits: Limits
) -> ParsedPage | PageProblem:
    try:
        with _page(document, page_no) as page:
            return _read_page(page, page_no, limits)
    except MemoryError:
        raise
    except ItemError as error:
        return PageProblem(page_no, error.reason, str(error))
    except Exception as error:
        return PageProblem(page_no, "corrupt", f"page {page_no} cannot be read: {error}")


def _read_page(page: pypdfium2.PdfPage, page_no: int, limits: Limits) -> ParsedPage:
    dpi = page_dpi(page.get_size(), limits)
    pixels = _render(page, dpi)
    height, width = pixels.shape[:2]
    digest = digest_json(["pdf", width, height, digest_bytes(pixels.data.cast("B"))])
    lines = text_lines(page, width, height)
    return ParsedPage(page_no, digest, width, height, dpi, lines, f"pdf:{page_no}@{dpi!r}")


def page_dpi(size_pt: tuple[float, float], limits: Limits) -> float:
    """Return the resolution for a page: pdf_dpi, or less so that no side passes decode_side_px."""
    longest, shortest = max(size_pt), min(size_pt)
    if not 0 < shortest <= longest < float("inf") or longest > shortest * _MAX_SHAPE:
        raise ParseError(
            f"the page measures {size_pt[0]:g} x {size_pt[1]:g} points: nothing can be on it",
            reason="corrupt",
        )
    clamped = limits.decode_side_px * _POINTS_PER_INCH / longest
    # Rounded to what the raster reference spells, a little below the clamp so that the
    # rendered side, which is rounded up, stays within it.
    return min(float(limits.pdf_dpi), float(f"{clamped * (1 - 1e-5):.6g}"))


@contextmanager
def _page(document: pypdfium2.PdfDocument, page_no: int) -> Iterator[pypdfium2.PdfPage]:
    page = document.get_page(page_no - 1)
    try:
        yield page
    finally:
        page.close()


def _page_pixels(
    document: pypdfium2.PdfDocument, page_no: int, dpi: float, limits: Limits
) -> Pixels:
    try:
        with _page(document, page_no) as page:
            return _render(page, min(dpi, page_dpi(page.get_size(), limits)))
    except (ItemError, MemoryError):
        raise
    except Exception as error:
        raise ParseError(f"page {page_no} cannot be drawn: {error}", reason="corrupt") from error


def _render(page: pypdfium2.PdfPage, dpi: float) -> Pixels:
    """Return the page in RGB on white, annotations drawn, form fields left out."""
    bitmap = page.render(scale=dpi / _POINTS_PER_INCH, rev_byteorder=True, may_draw_forms=False)
    return np.ascontiguousarray(bitmap.to_numpy())


def _corrupt(why: str) -> ParseError:
    return ParseError(f"the PDF is damaged ({why}): save or export it again", reason="corrupt")
