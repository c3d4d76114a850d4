"""Which parser reads what: by media type for pages, by raster reference for pixels."""

from collections.abc import Iterator, Sequence

from mmrag_pipeline.parsing.images import RASTER, image_pixels, parse_image
from mmrag_pipeline.parsing.limits import Limits
from mmrag_pipeline.parsing.media import PDF, check_input
from mmrag_pipeline.parsing.pdf import parse_pdf, pdf_pixels
from mmrag_pipeline.parsing.text import parse_text
from mmrag_pipeline.records import PagePixels, PageProblem, ParsedPage


def parse(data: bytes, media_type: str, limits: Limits) -> Iterator[ParsedPage | PageProblem]:
    """Yield the pages of a file and the problems of single pages; raises ParseError."""
    check_input(data, media_type)
    if media_type == PDF:
        yield from parse_pdf(data, limits)
    elif media_type.startswith("image/"):
        yield parse_image(data, limits)
    else:
        yield parse_text(data)


def pixels(data: bytes, rasters: Sequence[str], limits: Limits) -> Iterator[PagePixels]:
    """Yield the pixels of each raster of one file, in order; raises ParseError."""
    if set(rasters) == {RASTER}:
        picture = image_pixels(data, limits)
        yield from (picture for _ in rasters)
    else:
        yield from pdf_pixels(data, rasters, limits)
