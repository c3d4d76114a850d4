"""What ocr, captions and image_vectors have in common: results made of a page's pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.commit import rows_before
from mmrag_pipeline.indexing.lanes import Crop
from mmrag_pipeline.indexing.remember import Row, Shelf, held_keys, remembered
from mmrag_pipeline.indexing.station import Job, Recipe, Station, World
from mmrag_pipeline.records import Card

PIXELS_REVISION = 1
"""Raise it when a page of the same digest is drawn, or a tile cut, with other pixels."""


@dataclass(frozen=True, slots=True)
class PixelStation:
    """A station whose results come from a model that looks at pages or parts of them."""

    station: Station
    wanted: Callable[[Job], pl.Series]
    """The memo keys of what the table holds: `PAGE_DIGEST`, or `PAGE_DIGEST:BOX` for a part."""
    call: Callable[[World, Sequence[Crop]], Sequence[Row | ItemError]]
    """One result per crop: the memo's columns after `key`, or an error."""
    batch_size: Callable[[World], int]
    memo: Callable[[World], pl.Schema]
    """Columns of a remembered result after `key`."""
    table: pl.Schema
    table_key: str
    holds_results: bool = True
    """Whether the table has the results themselves; if not, the keys of those in the memo."""
    results: Callable[[World], Recipe] | None = None
    """What decides a result, where more than that decides the table."""

    def shelf(self, world: World) -> Shelf:
        """Return where the results lie in the memo."""
        columns = pl.Schema({"key": pl.String(), **self.memo(world)})
        decides = self.results or self.station.recipe
        return Shelf(self.station.name, decides(world).digest, columns)

    def carried(self, world: World, job: Job, wanted: pl.Series) -> pl.DataFrame:
        """Return the rows of before that hold what is wanted now: nothing looks them up again."""
        before = rows_before(world, job, self.station.name)
        if not self.holds_results:
            return before.clear()
        return before.filter(pl.col(self.table_key).is_in(wanted.implode()))

    def rows(
        self, world: World, job: Job, asked: pl.Series, *, carried: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the table: rows of before, and what the memo has of the other keys."""
        look_up = remembered if self.holds_results else held_keys
        held = look_up(world, self.shelf(world), asked).rename({"key": self.table_key})
        (card,) = job.recipe.cards.values()
        found = held.with_columns(card=pl.lit(card)).select(self.table.names())
        return pl.concat([carried, found]).sort(self.table_key)


def pixel_recipe(station: str, role: str, *, card: Card, world: World) -> Recipe:
    """Return what decides a pixel station's results: its model and how pixels are decoded."""
    side_px = world.settings.decode_side_px
    return Recipe([station, PIXELS_REVISION, side_px], {role: card.fingerprint})


def page_result(table: pl.Schema) -> pl.Schema:
    """Return what the memo keeps of a table with one row per page."""
    return pl.Schema({n: t for n, t in table.items() if n not in ("page_digest", "card")})
