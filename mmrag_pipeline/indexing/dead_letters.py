"""dead_letters: every file some station could not use, why, and since when."""

from datetime import datetime

import polars as pl

from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.inherited import held_rows
from mmrag_pipeline.indexing.station import Job, Made, Station, World, alone, fixed
from mmrag_pipeline.schemas import DEAD_LETTERS, FAILURES

STATIONS = ("raw_files", "pages", "ocr", "captions", "image_vectors", "text_vectors")
STATION = Station(
    "dead_letters",
    ("raw_files", "pages", "chunks", *STATIONS[2:], *map(failures_of, STATIONS)),
    fixed(["dead_letters", 2]),
)


def make(world: World, job: Job) -> Made:
    """Join each failed item to the files it is about; a letter keeps its first date.

    Of several failures of a file at a station the letter tells one, always the same: that it is
    withheld before all others, because it is by its letter that a file's pictures are not shown.
    """
    owners = _owners(job)
    rows = [
        job.frames[failures_of(name)]
        .with_columns(
            station=pl.lit(name), item=pl.col("item").str.replace(r"^([0-9a-f]{32}):[\d,-]+$", "$1")
        )
        .join(owners, on="item")
        .sort(pl.col("reason") != "withheld", "item")
        .unique(["file_id", "station"], keep="first", maintain_order=True)
        for name in STATIONS
    ]
    before = held_rows(world.tables, "dead_letters", job.partition)
    table = _dated(pl.concat(rows), before, now=world.clock())
    return Made(table, pl.DataFrame(schema=FAILURES), computed=0, reused=0)


def _owners(job: Job) -> pl.DataFrame:
    """Return (item, file_id, key): a file by its id, content, pages' content and texts."""
    files = job.frames["raw_files"]
    by_id = files.select(item="file_id", file_id="file_id", key="key")
    by_content = files.drop_nulls("digest").select("file_id", "key", item=content_key())
    pages = job.frames["pages"].select("file_id", item="page_digest")
    texts = job.frames["chunks"].select("file_id", item="text_digest")
    by_part = pl.concat([pages, texts]).unique().join(files.select("file_id", "key"), on="file_id")
    return pl.concat(
        [frame.select("item", "file_id", "key") for frame in (by_id, by_content, by_part)]
    )


def _dated(rows: pl.DataFrame, before: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Date the letters: one that was not tried again keeps both of its dates."""
    known = before.select(
        "file_id", "station", "reason", "first_seen", old_seen="last_seen", old_attempts="attempts"
    )
    stamp = pl.lit(now).cast(DEAD_LETTERS["last_seen"])
    same_try = pl.col("attempts") == pl.col("old_attempts")
    return (
        rows.join(known, on=["file_id", "station", "reason"], how="left")
        .with_columns(
            pl.coalesce("first_seen", stamp).alias("first_seen"),
            pl.when(same_try).then("old_seen").otherwise(stamp).alias("last_seen"),
        )
        .select(DEAD_LETTERS.names())
        .sort("key", "station")
    )


STEP = alone(STATION, make)
