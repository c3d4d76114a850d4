"""pages: each file's pages with their size, text layer and the way to their pixels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.contents import content_key, keys_by_content, read_content
from mmrag_pipeline.indexing.remember import (
    Batch,
    Row,
    Shelf,
    batches,
    find_missing,
    remembered,
)
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.records import Line, ParsedPage
from mmrag_pipeline.schemas import PAGES

PARSER_REVISION = 1
"""Raise it when the parser gives other pages for the same bytes."""
_FIELDS = {n: t for n, t in PAGES.items() if n != "file_id"}
_MEMO = pl.Schema({"key": pl.String(), "pages": pl.List(pl.Struct(_FIELDS))})
_BATCH = 64


def recipe(world: World) -> Recipe:
    """Return the settings that decide what the parser makes of the same bytes."""
    s = world.settings
    limits = [s.max_file_bytes, s.max_pages, s.max_page_pixels, s.decode_side_px, s.pdf_dpi]
    return Recipe(["pages", PARSER_REVISION, *limits])


STATION = Station("pages", ("raw_files",), recipe)


def make(world: World, job: Job) -> Made:
    """Parse the contents not parsed before; one file's trouble costs that file only."""
    held = job.frames["raw_files"].filter(pl.col("digest").is_not_null())
    contents = held.select(content_key().alias("key"))["key"]
    shelf = Shelf("pages", job.recipe.digest, _MEMO)
    missing = find_missing(world, job, shelf, contents)
    batch = Batch(world, job, shelf)
    where = keys_by_content(held)
    for part in batches(missing.keys, _BATCH):
        batch.commit(part, _parse_all(world, job.partition, part, where))
        world.progress.advance("pages", done=batch.computed, total=len(missing.keys))
    return batch.made(_table(held, remembered(world, shelf, contents)), missing)


def _parse_all(
    world: World, partition: str, contents: Sequence[str], where: Mapping[str, list[str]]
) -> Iterator[Row | ItemError]:
    def parse(content: str) -> Row | ItemError:
        try:
            data = read_content(world, partition, content, where)
            return (_rows(world.reader.parse(data, content.partition(":")[2])),)
        except ItemError as error:
            return error

    with ThreadPoolExecutor(world.settings.parse_workers) as pool:
        yield from pool.map(parse, contents)


def _rows(pages: Iterable[ParsedPage]) -> list[dict[str, object]]:
    return [
        {
            "page_no": page.page_no,
            "page_digest": page.page_digest,
            "width_px": page.width_px,
            "height_px": page.height_px,
            "dpi": page.dpi,
            "lines": line_rows(page.lines),
            "raster": page.raster,
        }
        for page in pages
    ]


def line_rows(lines: Iterable[Line]) -> list[dict[str, object]]:
    """Return lines as rows of the LINE struct; a line without a box has null sides."""
    return [
        {
            "text": line.text,
            "left": line.box.left if line.box else None,
            "top": line.box.top if line.box else None,
            "right": line.box.right if line.box else None,
            "bottom": line.box.bottom if line.box else None,
            "confidence": line.confidence,
        }
        for line in lines
    ]


def _table(held: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    owners = held.select("file_id", content_key().alias("key"))
    return (
        owners.join(known, on="key", how="inner")
        .explode("pages")
        .drop_nulls("pages")
        .unnest("pages")
        .select(PAGES.names())
        .sort("file_id", "page_no")
    )


STEP = alone(STATION, make)
