"""Tombstones: files that no listing brings back until they are lifted."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import polars as pl

from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import domain_of, file_ids
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import TOMBSTONES


def tombstones(world: World, partition: str) -> pl.DataFrame:
    """Return the files of a partition's domain that were purged for good, in TOMBSTONES' schema.

    They are kept by domain: no split ever moves them.
    """
    return rows_of(world.tables, "tombstones", domain_of(partition))


def without_purged(world: World, partition: str, listing: pl.DataFrame) -> pl.DataFrame:
    """Return a listing without the files that were purged."""
    purged, domain = tombstones(world, partition), domain_of(partition)
    if purged.is_empty():
        return listing
    return listing.filter(~file_ids(domain, listing["key"]).is_in(purged["file_id"].implode()))


def bury(world: World, domain: str, files: Iterable[str], *, at: datetime, receipt: str) -> None:
    """Give files (by id) tombstones that name the purge: from now on no listing shows them."""
    rows = [(file, at, receipt) for file in files]
    stones = pl.DataFrame(rows, schema=TOMBSTONES, orient="row")

    def add() -> None:
        lineage = world.tables.lineage("tombstones", domain)
        others = tombstones(world, domain).join(stones, on="file_id", how="anti")
        _write(world, domain, pl.concat([others, stones]), run_id=receipt, replaces=lineage)

    retried(add)


def lift(world: World, domain: str, files: Sequence[str]) -> list[str]:
    """Take the tombstones of these files away; return the ids that had one.

    The next full run of the domain finds those files in the source again.
    """

    def take_away() -> list[str]:
        lineage = world.tables.lineage("tombstones", domain)
        held = tombstones(world, domain)
        lifted = held.filter(pl.col("file_id").is_in(files))["file_id"].sort().to_list()
        if lifted:
            others = held.filter(~pl.col("file_id").is_in(lifted))
            _write(world, domain, others, run_id="lifted", replaces=lineage)
        return lifted

    return retried(take_away)


def unburied(world: World, domain: str, files: Sequence[str]) -> int:
    """Return how many of these files have no tombstone."""
    held = set(tombstones(world, domain)["file_id"])
    return len(set(files) - held)


def _write(
    world: World, domain: str, stones: pl.DataFrame, *, run_id: str, replaces: Lineage | None
) -> None:
    """Replace the table whose lineage was read before its rows; raises OvertakenError."""
    table = stones.sort("file_id")
    digest = table_digest(table)
    lineage = Lineage("tombstones", domain, digest, table.height, {}, "", {}, run_id)
    world.tables.write(table, lineage, replaces=replaces)
