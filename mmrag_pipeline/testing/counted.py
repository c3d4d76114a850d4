"""A vector store that counts what is written to it: points by operation, vectors by signal."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from mmrag_pipeline.ports import CollectionReader, CollectionWriter, VectorStore
from mmrag_pipeline.records import (
    Candidate,
    Layout,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    Where,
)


@dataclass(slots=True)
class Written:
    """What collections were told to change, since it was made or cleared."""

    points: Counter[Literal["upserted", "payloads", "deleted"]] = field(default_factory=Counter)
    vectors: Counter[Signal] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Kind of point -> how many got vectors or a payload."""

    def clear(self) -> None:
        """Count from nothing again."""
        for counter in (self.points, self.vectors, self.kinds):
            counter.clear()


@dataclass(frozen=True, slots=True)
class CountedVectors:
    """VectorStore whose writers count."""

    inner: VectorStore
    written: Written = field(default_factory=Written)

    def names(self) -> Sequence[str]:
        """Return the names of collections."""
        return self.inner.names()

    def layouts(self) -> Mapping[str, Layout]:
        """Return the layouts."""
        return self.inner.layouts()

    def create(self, collection: str, layout: Layout) -> None:
        """Create a collection."""
        self.inner.create(collection, layout)

    def drop(self, collection: str) -> None:
        """Drop a collection."""
        self.inner.drop(collection)

    def marks(self, collection: str) -> Mapping[str, str]:
        """Return the marks."""
        return self.inner.marks(collection)

    def aliases(self) -> Mapping[str, str]:
        """Return the aliases."""
        return self.inner.aliases()

    def move_alias(self, alias: str, collection: str) -> None:
        """Move an alias."""
        self.inner.move_alias(alias, collection)

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open for questions."""
        return self.inner.reader(collection)

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        """Open for changes."""
        with self.inner.writer(collection) as index:
            yield CountedWriter(index, self.written)


@dataclass(frozen=True, slots=True)
class CountedWriter:
    """CollectionWriter that counts."""

    inner: CollectionWriter
    written: Written

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points, and count them and their vectors."""
        self.written.points["upserted"] += len(points)
        for point in points:
            self.written.vectors.update(point.dense.keys())
            self.written.vectors["bm25"] += point.sparse is not None
            self.written.kinds[str(point.payload["kind"])] += 1
        self.inner.upsert(points)

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace payloads, and count them."""
        self.written.points["payloads"] += len(payloads)
        self.written.kinds.update(str(payload["kind"]) for payload in payloads.values())
        self.inner.set_payloads(payloads, of=of)

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points, and count them."""
        self.written.points["deleted"] += len(point_ids)
        self.inner.delete(point_ids)

    @property
    def exclusive(self) -> bool:
        """Return what the collection says."""
        return self.inner.exclusive

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Change marks."""
        self.inner.set_marks(marks)

    def flush(self) -> None:
        """Bring everything to the disk."""
        self.inner.flush()

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Return the best points."""
        return self.inner.query(signal, vector, limit=limit, where=where)

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        """Return points by id."""
        return self.inner.fetch(point_ids, vectors=vectors)

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        """Yield what is held."""
        return self.inner.held(where)

    def count(self) -> int:
        """Return the number of points."""
        return self.inner.count()
