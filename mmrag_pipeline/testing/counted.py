"""A vector store that counts what is written to it: points by operation, vectors by signal."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import (
    Signal,
    StoredPoint,
)
from mmrag_pipeline.testing.passed import PassedVectors, PassedWriter


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
class CountedVectors(PassedVectors):
    """VectorStore whose writers count."""

    written: Written = field(default_factory=Written)

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        """Open for changes."""
        with self.inner.writer(collection) as index:
            yield CountedWriter(index, self.written)


@dataclass(frozen=True, slots=True)
class CountedWriter(PassedWriter):
    """CollectionWriter that counts."""

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
