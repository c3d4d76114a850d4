"""The bounds a parser keeps, without the settings class, so that workers start quickly."""

from dataclasses import dataclass

from mmrag_pipeline.errors import ParseError

MAX_LINES = 200_000
"""Lines of one file. A line takes up to 1.4 kB on its way into a table, so that a file of
nothing but line ends would fill the memory of the process that asked for it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one parser process; names and units as in Settings."""

    max_pages: int
    max_page_pixels: int
    decode_side_px: int
    pdf_dpi: int
    memory_bytes: int
    timeout_s: float


def too_large(what: str, *, limit: str) -> ParseError:
    """Return the error for something over a limit, naming the setting that sets it."""
    return ParseError(f"{what}, over {limit}: raise it or split the file", reason="too_large")


def check_picture(width_px: int, height_px: int, limits: Limits) -> None:
    """Raise ParseError when a picture has more pixels than may be decoded."""
    if width_px * height_px > limits.max_page_pixels:
        raise too_large(
            f"the picture has {width_px} x {height_px} pixels",
            limit=f"MMRAG_MAX_PAGE_PIXELS={limits.max_page_pixels}",
        )
