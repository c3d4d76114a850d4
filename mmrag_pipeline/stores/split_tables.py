"""Tables of two places: those about one machine's index lie beside it, all others are shared."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import Replaces
from mmrag_pipeline.records import Lineage


@dataclass(frozen=True, slots=True)
class SplitTables:
    """The tables in `names` are in `own`, all others in `shared` (keepers.TableCatalog)."""

    shared: TableCatalog
    own: TableCatalog
    names: Collection[str]

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written; raises as its place does."""
        return self._place(table).read(table, partition)

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Return some columns of a table, few rows at a time; raises as its place does."""
        return self._place(table).batches(table, partition, columns)

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        """Replace one table atomically; raises as its place does."""
        self._place(lineage.table).write(frame, lineage, replaces=replaces)

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the stored table was made from."""
        return self._place(table).lineage(table, partition)

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have this table, sorted."""
        return self._place(table).partitions(table)

    def drop(self, table: str, partition: str) -> None:
        """Remove a table; an absent one is fine."""
        self._place(table).drop(table, partition)

    def _place(self, table: str) -> TableCatalog:
        return self.own if table in self.names else self.shared
