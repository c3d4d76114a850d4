"""tiles: the whole page and overlapping crops that together cover it."""

import math

import polars as pl

from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.records import Box
from mmrag_pipeline.schemas import FAILURES, TILES
from mmrag_pipeline.settings import Settings

_REVISION = 1
_WHOLE_PAGE_FACTOR = 1.5
"""A page up to this many tiles on its long side is small enough to be seen whole."""


def recipe(world: World) -> Recipe:
    """Return the tiling settings."""
    s = world.settings
    return Recipe(["tiles", _REVISION, s.tile_px, s.tile_overlap, s.max_tiles])


STATION = Station("tiles", ("pages",), recipe)


def make(world: World, job: Job) -> Made:
    """Cut every page that has pixels; equal pages are cut once."""
    table = cut(world.settings, job.frames["pages"])
    return Made(table, pl.DataFrame(schema=FAILURES), computed=0, reused=table.height)


def cut(settings: Settings, pages: pl.DataFrame) -> pl.DataFrame:
    """Return the tiles of pages in TILES' schema."""
    seen = pages.filter(pl.col("raster") != "").unique("page_digest")
    sizes = seen.select("width_px", "height_px").unique()
    grids = pl.concat([_grid_frame(settings, w, h) for w, h in sizes.iter_rows()] or [_EMPTY])
    return (
        seen.select("page_digest", "width_px", "height_px")
        .join(grids, on=["width_px", "height_px"])
        .select(TILES.names())
        .sort("page_digest", "tile_no")
    )


def tile_boxes(settings: Settings, width_px: int, height_px: int) -> list[Box]:
    """Return the page's own box first, then its tiles row by row.

    Tiles are square with side `tile_px` (or larger, so that at most `max_tiles` are
    needed), evenly spread, overlap by at least `tile_overlap` of their side, and
    together cover the page.
    """
    whole = Box(0, 0, width_px, height_px)
    if max(width_px, height_px) <= settings.tile_px * _WHOLE_PAGE_FACTOR:
        return [whole]
    side = settings.tile_px
    while _count(settings, width_px, side) * _count(settings, height_px, side) > settings.max_tiles:
        side = math.ceil(side * 1.1)
    lefts = _starts(settings, width_px, side)
    tops = _starts(settings, height_px, side)
    tiles = [
        Box(left, top, min(left + side, width_px), min(top + side, height_px))
        for top in tops
        for left in lefts
    ]
    return [whole] + [tile for tile in tiles if tile != whole]


def _count(settings: Settings, length: int, side: int) -> int:
    if length <= side:
        return 1
    return 1 + math.ceil((length - side) / (side * (1.0 - settings.tile_overlap)))


def _starts(settings: Settings, length: int, side: int) -> list[int]:
    count = _count(settings, length, side)
    if count == 1:
        return [0]
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


_GRID = pl.Schema({"width_px": pl.Int32, "height_px": pl.Int32} | dict(list(TILES.items())[1:]))
_EMPTY = pl.DataFrame(schema=_GRID)


def _grid_frame(settings: Settings, width_px: int, height_px: int) -> pl.DataFrame:
    rows = [
        (width_px, height_px, number, min(number, 1), b.left, b.top, b.right, b.bottom)
        for number, b in enumerate(tile_boxes(settings, width_px, height_px))
    ]
    return pl.DataFrame(rows, schema=_GRID, orient="row")


STEP = alone(STATION, make)
