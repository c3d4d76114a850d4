"""Writes a table with its lineage."""

from collections.abc import Mapping

import polars as pl

from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.indexing.station import Job, World
from mmrag_pipeline.records import Lineage


def write_table(
    world: World,
    job: Job,
    name: str,
    table: pl.DataFrame,
    *,
    upstream: Mapping[str, str] | None = None,
) -> None:
    """Replace a table; its lineage names the digests of what the job really read."""
    digests = {source: table_digest(frame) for source, frame in job.frames.items()}
    lineage = Lineage(
        table=name,
        partition=job.partition,
        digest=table_digest(table),
        rows=table.height,
        upstream=digests if upstream is None else upstream,
        recipe=job.recipe.digest,
        cards=job.recipe.cards,
        run_id=job.mode.run_id,
    )
    world.tables.write(table, lineage)
