"""captions: sentences that describe each page that has pixels."""

from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.indexing.lanes import Crop
from mmrag_pipeline.indexing.pixel_station import PixelStation, page_result, pixel_recipe
from mmrag_pipeline.indexing.remember import Row
from mmrag_pipeline.indexing.station import Job, Recipe, Station, World
from mmrag_pipeline.schemas import CAPTIONS as TABLE

_BATCH = 16


def recipe(world: World) -> Recipe:
    """Return what decides a page's captions."""
    return pixel_recipe("captions", "caption", card=world.captioner.card, world=world)


def wanted(pages: pl.DataFrame) -> pl.Series:
    """Return the digests of the pages that have pixels."""
    return pages.filter(pl.col("raster") != "")["page_digest"].unique(maintain_order=True)


def _wanted(job: Job) -> pl.Series:
    return wanted(job.frames["pages"])


def _caption(world: World, crops: Sequence[Crop]) -> Sequence[Row]:
    captions = world.captioner.caption([crop.pixels for crop in crops])
    return [([{"text": c.text, "confidence": c.confidence} for c in some],) for some in captions]


CAPTIONS = PixelStation(
    station=Station("captions", ("raw_files", "pages"), recipe),
    wanted=_wanted,
    call=_caption,
    batch_size=lambda _world: _BATCH,
    memo=lambda _world: page_result(TABLE),
    table=TABLE,
    table_key="page_digest",
)
