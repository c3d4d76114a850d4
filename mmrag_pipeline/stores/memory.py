"""Stores that live in this process: the same laws as the real ones, for fast tests."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError, CollectionMismatchError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import Layout, Lineage
from mmrag_pipeline.stores.layouts import check_same_layout, unknown_collection
from mmrag_pipeline.stores.memory_collection import MemoryCollection
from mmrag_pipeline.stores.names import (
    check_batch,
    check_collection,
    check_frame,
    check_word,
    declared_schema,
)


class MemoryTables:
    """Tables in a dictionary (ports.TableStore)."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], tuple[pl.DataFrame, Lineage]] = {}

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written."""
        held = self._held(table, partition)
        return held[0] if held else None

    def write(self, frame: pl.DataFrame, lineage: Lineage) -> None:
        """Replace one table."""
        check_frame(frame, lineage)
        self._tables[lineage.table, check_partition(lineage.partition)] = (frame.clone(), lineage)

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the table was made from."""
        held = self._held(table, partition)
        return held[1] if held else None

    def _held(self, table: str, partition: str) -> tuple[pl.DataFrame, Lineage] | None:
        declared_schema(table)
        return self._tables.get((table, check_partition(partition)))


class MemoryMemo:
    """Remembered results in a dictionary of batches (ports.Memo)."""

    def __init__(self) -> None:
        self._batches: dict[tuple[str, str], list[pl.DataFrame]] = {}

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
        check_partition(partition)
        check_batch(rows)
        self._batches.setdefault((check_word(station), check_word(fingerprint)), []).append(rows)

    def _all(self, station: str, fingerprint: str) -> pl.DataFrame:
        batches = self._batches.get((check_word(station), check_word(fingerprint)), [])
        return pl.concat(batches) if batches else pl.DataFrame(schema={"key": pl.String})


@dataclass(slots=True)
class MemoryVectors:
    """Collections in dictionaries, searched exactly (ports.VectorStore).

    A collection that is open cannot be opened again, as with the embedded store: code that
    forgets to close one shows here already.
    """

    _collections: dict[str, MemoryCollection] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout."""
        return {name: c.layout for name, c in self._collections.items()}

    def create(self, collection: str, layout: Layout) -> None:
        """Create an empty collection; the same name and layout again is fine."""
        if collection in self._aliases:
            raise CollectionMismatchError(f"{collection!r} is an alias; name a generation")
        held = self._collections.get(check_collection(collection))
        if held is None:
            self._collections[collection] = MemoryCollection(collection, layout)
        else:
            check_same_layout(held.layout, layout, collection)

    def drop(self, collection: str) -> None:
        """Remove a collection and the aliases that lead to it; an absent one is fine."""
        self._collections.pop(check_collection(collection), None)
        self._aliases = {a: c for a, c in self._aliases.items() if c != collection}

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
        if name in self._open:
            raise CollectionBusyError(f"collection {name} is already open; close it first")
        self._open.add(name)
        try:
            yield self._collections[name]
        finally:
            self._open.discard(name)
