"""Reads and writes a table with its lineage."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from mmrag_pipeline.errors import CorruptStateError, OvertakenError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.indexing.station import Job, World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.ports import Replaces, TableStore
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import DECLARED, FAILURES


def read_table(
    world: World, name: str, partition: str
) -> tuple[pl.DataFrame | None, Lineage | None]:
    """Return a table and the lineage of just these rows, even when other runs replace it.

    Both are None for a table that was never written. Raises OvertakenError when it is replaced
    again and again.
    """
    return _with_lineage(world, name, partition, lambda: world.tables.read(name, partition))


def read_columns(
    world: World, name: str, partition: str, columns: Sequence[str]
) -> tuple[pl.DataFrame | None, Lineage | None]:
    """Return some columns of a table as `read_table` returns all; others are not in memory."""

    def read() -> pl.DataFrame | None:
        found = world.tables.batches(name, partition, columns)
        empty = no_rows(name).select(columns)
        return None if found is None else pl.concat([empty, *found])

    return _with_lineage(world, name, partition, read)


def _with_lineage(
    world: World, name: str, partition: str, rows: Callable[[], pl.DataFrame | None]
) -> tuple[pl.DataFrame | None, Lineage | None]:
    def read() -> tuple[pl.DataFrame | None, Lineage | None]:
        before = world.tables.lineage(name, partition)
        frame = rows()
        if world.tables.lineage(name, partition) == before and (before is None) == (frame is None):
            return frame, before
        raise OvertakenError(
            f"table {name!r} of {partition!r} was replaced again and again while it was read: "
            "let the other runs of this partition end and run again"
        )

    return retried(read)


def rows_before(world: World, job: Job, name: str) -> pl.DataFrame:
    """Return the rows that the job's recipe made of this table before; none when it is forced.

    They tell what need not be worked out again. A damaged table has none: it is made anew.
    """
    try:
        rows, lineage = read_table(world, name, job.partition)
    except CorruptStateError:
        rows, lineage = None, None
    known = rows is not None and lineage is not None and lineage.recipe == job.recipe.digest
    return rows if rows is not None and known and not job.mode.force else no_rows(name)


def rows_of(tables: TableStore, name: str, partition: str) -> pl.DataFrame:
    """Return the rows of a table as it is now; none when it was never written."""
    rows = tables.read(name, partition)
    return no_rows(name) if rows is None else rows


def no_rows(name: str) -> pl.DataFrame:
    """Return an empty table, one of failures by its `failures.STATION`."""
    return pl.DataFrame(schema=DECLARED.get(name, FAILURES))


def write_table(
    world: World, job: Job, name: str, table: pl.DataFrame, *, replaces: Replaces = "anything"
) -> None:
    """Replace a table; its lineage names the digests of what the job really read.

    A table that would be the same, made from the same, keeps the lineage of the run that
    made it (a forced run writes anyway: it is there to repair). Raises OvertakenError when the
    table is not the one it `replaces` any more.
    """
    lineage = Lineage(
        table=name,
        partition=job.partition,
        digest=table_digest(table),
        rows=table.height,
        upstream=dict(job.upstream),
        recipe=job.recipe.digest,
        cards=dict(job.recipe.cards),
        run_id=job.mode.run_id,
    )
    last = world.tables.lineage(name, job.partition)
    if job.mode.force or last is None or replace(last, run_id=lineage.run_id) != lineage:
        world.tables.write(table, lineage, replaces=replaces)
