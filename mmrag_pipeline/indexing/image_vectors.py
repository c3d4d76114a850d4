"""image_vectors: a vector of each page and tile; the vectors themselves stay in the memo."""

from collections.abc import Sequence

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.lanes import Crop
from mmrag_pipeline.indexing.pixel_station import PixelStation, pixel_recipe
from mmrag_pipeline.indexing.remember import Row
from mmrag_pipeline.indexing.station import Job, Recipe, Station, World
from mmrag_pipeline.indexing.unit_rows import unit_rows
from mmrag_pipeline.indexing.withheld import decision
from mmrag_pipeline.schemas import IMAGE_VECTORS as TABLE


def recipe(world: World) -> Recipe:
    """Return what decides a picture's vector."""
    return pixel_recipe("image_vectors", "image", card=world.image_text.card, world=world)


def _table_recipe(world: World) -> Recipe:
    """Return what decides whose pictures have a vector: also which pages are withheld."""
    own = recipe(world)
    rules = decision(world)
    return Recipe([own.parameters, rules], own.cards) if rules else own


def picture_key() -> pl.Expr:
    """Return the memo key of a tile: its page's content and its box."""
    box = pl.concat_str("left", "top", "right", "bottom", separator=",")
    return pl.concat_str("page_digest", box, separator=":")


def _wanted(job: Job) -> pl.Series:
    return job.frames["tiles"].select(picture_key().alias("key"))["key"]


def _encode(world: World, crops: Sequence[Crop]) -> Sequence[Row | ItemError]:
    vectors = world.image_text.encode_images([crop.pixels for crop in crops])
    return unit_rows(vectors, world.image_text.card.dimension)


def _memo(world: World) -> pl.Schema:
    return pl.Schema({"vector": pl.Array(pl.Float32, world.image_text.card.dimension)})


IMAGE_VECTORS = PixelStation(
    station=Station("image_vectors", ("raw_files", "pages", "tiles"), _table_recipe),
    wanted=_wanted,
    call=_encode,
    batch_size=lambda world: world.settings.batch_size,
    memo=_memo,
    table=TABLE,
    table_key="digest",
    holds_results=False,
    results=recipe,
)
