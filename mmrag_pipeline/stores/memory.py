"""Stores that live in this process: the same laws as the real ones, for fast tests."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError, CollectionMismatchError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.keepers import Keep
from mmrag_pipeline.ports import CollectionReader, CollectionWriter, Replaces
from mmrag_pipeline.records import Layout, Lineage
from mmrag_pipeline.stores.layouts import check_same_layout, unknown_collection
from mmrag_pipeline.stores.memo_parts import (
    Part,
    by_partition,
    mergeable,
    part_name,
    part_of,
    shelf_folder,
    shelf_of,
    successor_name,
)
from mmrag_pipeline.stores.memory_collection import MemoryCollection
from mmrag_pipeline.stores.names import (
    check_batch,
    check_collection,
    check_columns,
    check_frame,
    declared_schema,
    overtaken,
)
from mmrag_pipeline.stores.parquet import ROWS_AT_ONCE


class MemoryTables:
    """Tables in a dictionary (ports.TableCatalog)."""

    def __init__(self, at_once: int = ROWS_AT_ONCE) -> None:
        self._at_once = at_once
        self._tables: dict[tuple[str, str], tuple[pl.DataFrame, Lineage]] = {}

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written."""
        held = self._held(table, partition)
        return held[0] if held else None

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Return some columns of the table, few rows at a time, as it is now."""
        check_columns(table, columns)
        frame = self.read(table, partition)
        return None if frame is None else frame.select(columns).iter_slices(self._at_once)

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        """Replace one table, or just the one that is named; raises OvertakenError."""
        check_frame(frame, lineage)
        if replaces not in ("anything", self.lineage(lineage.table, lineage.partition)):
            raise overtaken(lineage)
        self._tables[lineage.table, lineage.partition] = (frame.clone(), lineage)

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the table was made from."""
        held = self._held(table, partition)
        return held[1] if held else None

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have this table, sorted."""
        declared_schema(table)
        return sorted(partition for name, partition in self._tables if name == table)

    def drop(self, table: str, partition: str) -> None:
        """Remove a table; an absent one is fine."""
        declared_schema(table)
        self._tables.pop((table, check_partition(partition)), None)

    def _held(self, table: str, partition: str) -> tuple[pl.DataFrame, Lineage] | None:
        declared_schema(table)
        return self._tables.get((table, check_partition(partition)))


class MemoryMemo:
    """Remembered results in a dictionary of batches (ports.MemoKeeper)."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._parts: dict[str, tuple[Part, pl.DataFrame]] = {}

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the distinct keys that are not remembered, in input order."""
        distinct = keys.unique(maintain_order=True)
        held = self._all(station, fingerprint)
        return distinct.filter(~distinct.is_in(held["key"].implode()))

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return the remembered rows of these keys, one per key."""
        held = self._all(station, fingerprint)
        wanted = held.filter(pl.col("key").is_in(keys.implode()))
        return wanted.unique("key", keep="first", maintain_order=True)

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Remember one batch."""
        check_batch(rows)
        self._put(part_name(shelf_folder(station, fingerprint), partition, self._clock()), rows)

    def shelves(self) -> list[tuple[str, str]]:
        """Return every (station, fingerprint) that has a batch, sorted."""
        return sorted({shelf for name in self._parts if (shelf := shelf_of(name))})

    def compact(self, station: str, fingerprint: str) -> int:
        """Merge the batches of each partition and week; return how many that removed."""
        before = len(self._parts)
        for held in by_partition(self._held(station, fingerprint)):
            for group in mergeable([(part, rows.height) for part, rows in held]):
                rows = pl.concat([self._parts.pop(part.name)[1] for part in group])
                self._put(successor_name(group), rows.unique("key", maintain_order=True))
        return before - len(self._parts)

    def retain(self, station: str, fingerprint: str, keep: Keep) -> int:
        """Keep the rows that `keep` answers True for, drop the others; return how many."""
        dropped = 0
        for part, rows in self._held(station, fingerprint):
            stays = keep(rows["key"], part.written_at).fill_null(True)
            self._parts[part.name] = (part, rows.filter(stays))
            dropped += rows.height - int(stays.sum())
        self._parts = {name: held for name, held in self._parts.items() if held[1].height}
        return dropped

    def _put(self, name: str, rows: pl.DataFrame) -> None:
        if part := part_of(name):
            self._parts[name] = (part, rows)

    def _held(self, station: str, fingerprint: str) -> list[tuple[Part, pl.DataFrame]]:
        folder = shelf_folder(station, fingerprint)
        held = [(part, rows) for part, rows in self._parts.values() if part.folder == folder]
        return sorted(held, key=lambda item: item[0].order)

    def _all(self, station: str, fingerprint: str) -> pl.DataFrame:
        held = [rows for _, rows in self._held(station, fingerprint)]
        return pl.concat(held) if held else pl.DataFrame(schema={"key": pl.String})


@dataclass(slots=True)
class MemoryVectors:
    """Collections in dictionaries, searched exactly (ports.VectorStore).

    A collection that is open cannot be opened again, as with the embedded store: code that
    forgets to close one shows here already. Unless they are not `exclusive`, as on a server.
    """

    exclusive: bool = True

    _collections: dict[str, MemoryCollection] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def names(self) -> Sequence[str]:
        """Return the names of collections."""
        return sorted(self._collections)

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout."""
        return {name: c.layout for name, c in dict(self._collections).items()}

    def create(self, collection: str, layout: Layout) -> None:
        """Create an empty collection; the same name and layout again is fine."""
        if collection in self._aliases:
            raise CollectionMismatchError(f"{collection!r} is an alias; name a generation")
        held = self._collections.get(check_collection(collection))
        if held is None:
            self._collections[collection] = MemoryCollection(collection, layout, self.exclusive)
        else:
            check_same_layout(held.layout, layout, collection)

    def drop(self, collection: str) -> None:
        """Remove a collection and the aliases that lead to it; an absent one is fine."""
        if check_collection(collection) in self._open and self.exclusive:
            raise CollectionBusyError(f"collection {collection} is open; close it first")
        self._collections.pop(collection, None)
        self._aliases = {a: c for a, c in self._aliases.items() if c != collection}

    def marks(self, collection: str) -> Mapping[str, str]:
        """Return the texts kept with a collection."""
        held = self._collections.get(collection)
        return dict(held.kept) if held else {}

    def aliases(self) -> Mapping[str, str]:
        """Return alias -> collection."""
        return dict(self._aliases)

    def move_alias(self, alias: str, collection: str) -> None:
        """Point an alias at an existing collection."""
        if check_collection(alias) in self._collections:
            raise CollectionMismatchError(f"{alias!r} is a collection, it cannot be an alias")
        if collection not in self._collections:
            raise unknown_collection(collection, list(self._collections))
        self._aliases[alias] = collection

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection (or alias) for questions."""
        return self._opened(self._aliases.get(collection, collection))

    def writer(self, collection: str) -> AbstractContextManager[CollectionWriter]:
        """Open a collection for changes."""
        return self._opened(collection)

    @contextmanager
    def _opened(self, name: str) -> Iterator[MemoryCollection]:
        if name not in self._collections:
            raise unknown_collection(name, [*self._collections, *self._aliases])
        if self.exclusive and name in self._open:
            raise CollectionBusyError(f"collection {name} is already open; close it first")
        self._open.add(name)
        try:
            yield self._collections[name]
        finally:
            self._open.discard(name)
