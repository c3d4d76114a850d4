"""What a partition that has no table yet takes over from those its domain had before.

Dates, failures and letters are nowhere else: what tables say of a file goes with it into
another partition when a domain is split or put together.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from mmrag_pipeline.ids import domain_of, keys_in
from mmrag_pipeline.indexing.commit import no_rows, rows_of
from mmrag_pipeline.keepers import TableCatalog

_NEWEST: Mapping[str, tuple[str, Sequence[str]]] = {
    "raw_files": ("indexed_at", ["file_id"]),
    "dead_letters": ("last_seen", ["file_id", "station"]),
}
"""Table -> the time that tells which of several rows is the newest, and what those are about."""


def held_rows(tables: TableCatalog, name: str, partition: str) -> pl.DataFrame:
    """Return the rows of raw_files or dead_letters, sorted by key.

    Of a table that was never written they are those of the partition's files in the domain's
    other partitions: where several tell of a file, the newest.
    """
    own = tables.read(name, partition)
    if own is not None:
        return own
    held = [rows_of(tables, name, other) for other in _others(tables, name, partition)]
    rows = pl.concat([no_rows(name), *held])
    time, about = _NEWEST[name]
    mine = rows.filter(keys_in(partition, rows["key"]))
    newest = mine.sort(time, descending=True, nulls_last=True)
    return newest.unique(about, keep="first", maintain_order=True).sort("key")


def held_failures(tables: TableCatalog, name: str, partition: str, recipe: str) -> pl.DataFrame:
    """Return the rows of a table of failures, if this recipe made it.

    Of one that was never written they are all that the domain's other partitions have under the
    recipe: items that are none of the partition's have no effect there.
    """
    own = tables.lineage(name, partition) is not None
    held = []
    for one in [partition] if own else _others(tables, name, partition):
        lineage = tables.lineage(name, one)
        if lineage is not None and lineage.recipe == recipe:
            held.append(rows_of(tables, name, one))
    rows = pl.concat([no_rows(name), *held])
    return rows if own else rows.sort("attempts", descending=True).unique("item", keep="first")


def _others(tables: TableCatalog, name: str, partition: str) -> list[str]:
    domain = domain_of(partition)
    return [p for p in tables.partitions(name) if domain_of(p) == domain and p != partition]
