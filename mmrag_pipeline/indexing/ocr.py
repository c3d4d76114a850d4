"""ocr: the words read on pages that have pixels and no text layer."""

from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.indexing.lanes import Crop
from mmrag_pipeline.indexing.pages import line_rows
from mmrag_pipeline.indexing.pixel_station import PixelStation, page_result, pixel_recipe
from mmrag_pipeline.indexing.remember import Row
from mmrag_pipeline.indexing.station import Job, Recipe, Station, World
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.schemas import OCR as TABLE

_BATCH = 4
_TEXT_LAYER_CHARS = 16
"""A page with fewer characters in its text layer counts as a scan."""


def recipe(world: World) -> Recipe:
    """Return what decides the words read on a page."""
    return pixel_recipe("ocr", "ocr", card=world.ocr.card, world=world)


def has_text_layer() -> pl.Expr:
    """Return whether a page's own text is used: a text file, or a real text layer."""
    lengths = pl.col("lines").list.eval(pl.element().struct.field("text").str.len_chars())
    return (pl.col("raster") == "") | (lengths.list.sum() >= _TEXT_LAYER_CHARS)


def wanted(pages: pl.DataFrame) -> pl.Series:
    """Return the digests of the pages that have pixels and no text layer."""
    return pages.filter(~has_text_layer())["page_digest"].unique(maintain_order=True)


def _wanted(job: Job) -> pl.Series:
    return wanted(job.frames["pages"])


def _read(world: World, crops: Sequence[Crop]) -> Sequence[Row]:
    results = world.ocr.read([crop.pixels for crop in crops])
    return [
        (line_rows(_unscaled(result.lines, crop.scale)), result.language, result.confidence)
        for crop, result in zip(crops, results, strict=True)
    ]


def _unscaled(lines: Sequence[Line], scale: float) -> list[Line]:
    return [
        Line(line.text, line.box and _times(line.box, 1.0 / scale), line.confidence)
        for line in lines
    ]


def _times(box: Box, factor: float) -> Box:
    return Box(*(round(side * factor) for side in (box.left, box.top, box.right, box.bottom)))


OCR = PixelStation(
    station=Station("ocr", ("raw_files", "pages"), recipe),
    wanted=_wanted,
    call=_read,
    batch_size=lambda _world: _BATCH,
    memo=lambda _world: page_result(TABLE),
    table=TABLE,
    table_key="page_digest",
)
