"""pages: each file's pages with their size, text layer and the way to their pixels."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.contents import content_key, keys_by_content, read_content
from mmrag_pipeline.indexing.parsed import best_parses, content_of, key_after, with_problems
from mmrag_pipeline.indexing.remember import Batch, Row, Shelf, batches, find_missing
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.records import Line, ParsedFile, ParsedPage
from mmrag_pipeline.schemas import FAILURES, PAGES
from mmrag_pipeline.telemetry import carried

PARSER_REVISION = 2
"""Raise it when the parser gives other pages for the same bytes."""
_FIELDS = {n: t for n, t in PAGES.items() if n != "file_id"}
_PROBLEM = {"page_no": pl.Int32(), "reason": pl.String(), "message": pl.String()}
_MEMO = pl.Schema(
    {
        "key": pl.String(),
        "pages": pl.List(pl.Struct(_FIELDS)),
        "problems": pl.List(pl.Struct(_PROBLEM)),
    }
)
_FILES_PER_WORKER = 4
"""Files of one batch: all of their lines are in memory at once."""
_COMMIT_LINES = 200_000
"""Lines that may wait for the memo: 1.5 kB each while they become a table."""


def recipe(world: World) -> Recipe:
    """Return the settings that decide what the parser makes of the same bytes."""
    s = world.settings
    limits = [s.max_file_bytes, s.max_pages, s.max_page_pixels, s.decode_side_px, s.pdf_dpi]
    return Recipe(["pages", PARSER_REVISION, *limits])


STATION = Station("pages", ("raw_files",), recipe)


def shelf(world: World) -> Shelf:
    """Return where parsed files lie in the memo."""
    return Shelf("pages", recipe(world).digest, _MEMO)


def make(world: World, job: Job) -> Made:
    """Parse the contents not parsed before; one file's trouble costs that file only."""
    held = job.frames["raw_files"].filter(pl.col("digest").is_not_null())
    contents = held.select(content_key().alias("key"))["key"]
    place = shelf(world)
    missing = find_missing(world, job, place, contents)
    batch = Batch(world, job, place)
    where = keys_by_content(held, contents if job.mode.replay else missing.keys)
    if job.mode.replay:
        _replay(world, job, batch=batch, known=best_parses(world, place, contents), where=where)
    waiting = 0
    for part in batches(missing.keys.to_list(), _FILES_PER_WORKER * world.settings.parse_workers):
        found = _parse_all(world, job.partition, part, where)
        waiting = _commit(batch, part, found, waiting=waiting)
        world.progress.advance("pages", done=batch.computed, total=len(missing.keys))
    batch.flush()
    known = best_parses(world, place, contents)
    return batch.made(page_table(held, known), missing, partial=_problems(known))


def _replay(
    world: World, job: Job, *, batch: Batch, known: pl.DataFrame, where: Mapping[str, list[str]]
) -> None:
    """Parse files with unreadable pages again; a parse with fewer of them is remembered."""
    flawed = with_problems(known).select("memo_key", pl.col("problems").list.len())
    problems = dict(flawed.iter_rows())
    for part in batches(list(problems), world.settings.parse_workers):
        found = _parse_all(world, job.partition, [content_of(key) for key in part], where)
        for key, parse in zip(part, found, strict=True):
            if isinstance(parse, ItemError) or len(parse.problems) >= problems[key]:
                batch.computed += 1
            else:
                batch.commit([key_after(key)], [_row(parse)])
    batch.flush()


def _parse_all(
    world: World, partition: str, contents: Sequence[str], where: Mapping[str, list[str]]
) -> list[ParsedFile | ItemError]:
    def parse(content: str) -> ParsedFile | ItemError:
        try:
            data = read_content(world, partition, content, where)
            return world.reader.parse_file(data, content.partition(":")[2])
        except ItemError as error:
            return error

    with ThreadPoolExecutor(world.settings.parse_workers) as pool:
        return list(pool.map(carried(parse), contents))


def _commit(
    batch: Batch, part: Sequence[str], found: Sequence[ParsedFile | ItemError], *, waiting: int
) -> int:
    """Commit parsed files, those with very many lines one by one; return the lines that wait."""
    lines = sum(map(_line_count, found))
    if lines > _COMMIT_LINES and len(part) > 1:
        for key, parsed in zip(part, found, strict=True):
            waiting = _commit(batch, [key], [parsed], waiting=waiting)
        return waiting
    batch.commit(part, map(_row, found))
    if waiting + lines <= _COMMIT_LINES:
        return waiting + lines
    batch.flush()
    return 0


def _line_count(found: ParsedFile | ItemError) -> int:
    return 0 if isinstance(found, ItemError) else sum(len(page.lines) for page in found.pages)


def _row(found: ParsedFile | ItemError) -> Row | ItemError:
    if isinstance(found, ItemError):
        return found
    return (_rows(found.pages), [asdict(problem) for problem in found.problems])


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


def page_table(held: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return PAGES rows: each readable file with the pages that the memo holds of its content."""
    owners = held.select("file_id", content_key().alias("key"))
    return (
        owners.join(known, on="key", how="inner")
        .explode("pages")
        .drop_nulls("pages")
        .unnest("pages")
        .select(PAGES.names())
        .sort("file_id", "page_no")
    )


def _problems(known: pl.DataFrame) -> pl.DataFrame:
    """Return a FAILURES row per content of which some pages could not be read."""
    return (
        known.select(item="key", problem="problems")
        .explode("problem")
        .drop_nulls("problem")
        .unnest("problem")
        .group_by("item", maintain_order=True)
        .agg(pl.first("reason"), pl.col("message").str.join("; "))
        .with_columns(bytes_seen=pl.lit(0, pl.Int64), transient=False, attempts=pl.lit(1, pl.Int32))
        .select(FAILURES.names())
    )


STEP = alone(STATION, make)
