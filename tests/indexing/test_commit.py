"""A table is read together with the lineage of its own rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import polars as pl
import pytest

from mmrag_pipeline.errors import OvertakenError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.indexing.commit import read_table
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import Replaces
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life


@dataclass(slots=True)
class _Busy:
    """Tables that another writer replaces while they are read."""

    replacements: int
    inner: MemoryTables = field(default_factory=MemoryTables)

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        found = self.inner.read(table, partition)
        self._replace()
        return found

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        found = self.inner.batches(table, partition, columns)
        self._replace()
        return found

    def _replace(self) -> None:
        if self.replacements:
            self.replacements -= 1
            _write(self.inner, rows=10 + self.replacements)

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        self.inner.write(frame, lineage, replaces=replaces)

    def lineage(self, table: str, partition: str) -> Lineage | None:
        return self.inner.lineage(table, partition)

    def partitions(self, table: str) -> list[str]:
        return self.inner.partitions(table)

    def drop(self, table: str, partition: str) -> None:
        self.inner.drop(table, partition)


def _write(tables: MemoryTables, *, rows: int) -> None:
    frame = pl.DataFrame({"digest": [str(n) for n in range(rows)], "card": [""] * rows})
    digest = table_digest(frame)
    tables.write(frame, Lineage("image_vectors", DOMAIN, digest, rows, {}, "", {}, f"run {rows}"))


def _world(replacements: int) -> World:
    tables = _Busy(replacements)
    _write(tables.inner, rows=1)
    return replace(Life().world(), tables=tables)


def test_a_table_that_is_replaced_while_it_is_read_is_read_again() -> None:
    frame, lineage = read_table(_world(2), "image_vectors", DOMAIN)
    assert frame is not None
    assert lineage is not None
    assert lineage.digest == table_digest(frame)


def test_a_table_that_is_replaced_without_end_is_not_used() -> None:
    with pytest.raises(OvertakenError, match="replaced"):
        read_table(_world(99), "image_vectors", DOMAIN)


def test_a_table_that_was_never_written_has_neither_rows_nor_lineage() -> None:
    assert read_table(_world(0), "points", DOMAIN) == (None, None)


class _Restless(MemoryTables):
    """Tables that are another run's at every look, once `restless`."""

    restless = False

    def lineage(self, table: str, partition: str) -> Lineage | None:
        found = super().lineage(table, partition)
        return replace(found, run_id=uuid4().hex) if found and self.restless else found


def test_tables_that_are_replaced_without_end_make_no_file_be_read_again() -> None:
    tables = _Restless()
    life = Life(state=State(tables=tables))
    life.put(a="img:1")
    life.run()
    before = life.source.opened["a"]
    tables.restless = True
    with pytest.raises(OvertakenError, match="run again"):
        life.run()
    assert life.source.opened["a"] == before
