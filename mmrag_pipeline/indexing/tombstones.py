"""Tombstones: files that no listing brings back until they are lifted."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import polars as pl

from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.indexing.commit import no_rows, read_table
from mmrag_pipeline.indexing.lifetime import tombstones
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import TOMBSTONES


def bury(world: World, partition: str, files: Iterable[str], *, at: datetime, receipt: str) -> None:
    """Give files (by id) tombstones that name the purge: from now on no listing shows them."""
    rows = [(file, at, receipt) for file in files]
    stones = pl.DataFrame(rows, schema=TOMBSTONES, orient="row")

    def add() -> None:
        held, lineage = _held(world, partition)
        others = held.join(stones, on="file_id", how="anti")
        _write(world, partition, pl.concat([others, stones]), run_id=receipt, replaces=lineage)

    retried(add)


def lift(world: World, partition: str, files: Sequence[str]) -> list[str]:
    """Take the tombstones of these files away; return the ids that had one.

    The next full run of the partition finds those files in the source again.
    """

    def take_away() -> list[str]:
        held, lineage = _held(world, partition)
        lifted = held.filter(pl.col("file_id").is_in(files))["file_id"].sort().to_list()
        if lifted:
            others = held.filter(~pl.col("file_id").is_in(lifted))
            _write(world, partition, others, run_id="lifted", replaces=lineage)
        return lifted

    return retried(take_away)


def unburied(world: World, partition: str, files: Sequence[str]) -> int:
    """Return how many of these files have no tombstone."""
    held = set(tombstones(world, partition)["file_id"])
    return len(set(files) - held)


def _held(world: World, partition: str) -> tuple[pl.DataFrame, Lineage | None]:
    held, lineage = read_table(world, "tombstones", check_partition(partition))
    return no_rows("tombstones") if held is None else held, lineage


def _write(
    world: World, partition: str, stones: pl.DataFrame, *, run_id: str, replaces: Lineage | None
) -> None:
    table = stones.sort("file_id")
    digest = table_digest(table)
    lineage = Lineage("tombstones", partition, digest, table.height, {}, "", {}, run_id)
    world.tables.write(table, lineage, replaces=replaces)
