"""A vector store that passes everything on: for those that do something more to some of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class PassedVectors:
    """VectorStore that asks another one."""

    inner: VectorStore

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

    def writer(self, collection: str) -> AbstractContextManager[CollectionWriter]:
        """Open for changes."""
        return self.inner.writer(collection)


@dataclass(frozen=True, slots=True)
class PassedWriter:
    """CollectionWriter that asks another one."""

    inner: CollectionWriter

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points."""
        self.inner.upsert(points)

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace payloads."""
        self.inner.set_payloads(payloads, of=of)

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points."""
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
