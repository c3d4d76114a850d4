"""Files that leave the index although the source still has them: their time is over."""

from datetime import datetime, timedelta

import polars as pl

from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.contents import FROM_BYTES
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.settings import Settings


def ttl_of(settings: Settings, partition: str) -> timedelta | None:
    """Return how long files of a partition stay, None for ever."""
    days = days_of(settings, partition)
    return None if days is None else timedelta(days=days)


def days_of(settings: Settings, partition: str) -> float | None:
    """Return how many days files of a partition stay, as they were named; None for ever."""
    return settings.ttl_days.get(domain_of(partition), settings.ttl_days.get("*"))


def is_over(settings: Settings, partition: str, now: datetime) -> pl.Expr:
    """Return whether a file's time is over, from its columns `modified_at` and `indexed_at`."""
    ttl = ttl_of(settings, partition)
    if ttl is None:
        return pl.lit(False)
    since = pl.col("modified_at" if settings.ttl_by == "modified" else "indexed_at")
    return (since < pl.lit(now - ttl)).fill_null(False)


def alive(
    world: World, partition: str, listing: pl.DataFrame, *, last: pl.DataFrame
) -> pl.DataFrame:
    """Return the listed files whose time is not over; `last` are the rows of raw_files.

    Another version of a file begins its time in the index anew.
    """
    if ttl_of(world.settings, partition) is None:
        return listing
    known = last.select("key", "etag", "indexed_at")
    over = is_over(world.settings, partition, world.clock())
    dated = listing.join(known, on=["key", "etag"], how="left", maintain_order="left")
    return dated.filter(~over).drop("indexed_at")


def expire(world: World, partition: str, table: pl.DataFrame) -> pl.DataFrame:
    """Return raw_files with the content of files taken away whose time is over."""
    over = is_over(world.settings, partition, world.clock())
    return table.with_columns(pl.when(~over).then(pl.col(FROM_BYTES)), expired=over)
