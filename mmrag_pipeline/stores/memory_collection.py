"""One collection in memory, searched exactly: the model that real engines are compared with."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from mmrag_pipeline.records import (
    Candidate,
    Layout,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    Where,
)
from mmrag_pipeline.schemas import COLLECTION
from mmrag_pipeline.stores.layouts import (
    BATCH,
    HASH,
    MODIFIED,
    changed_marks,
    check_points,
    check_question,
    conditions,
    impossible,
    known_words,
    period,
)


@dataclass(slots=True)
class MemoryCollection:
    """Points by id (ports.CollectionWriter)."""

    name: str
    layout: Layout
    exclusive: bool = True
    """Whether who opens it has it alone."""
    _points: dict[str, StoredPoint] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    """Its marks."""

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points."""
        check_points(self.layout, points, self.name)
        self._points.update({p.point_id: _copied(p) for p in points})

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace the payload of existing points, vectors untouched."""
        for point_id in self._points.keys() & payloads.keys():
            point = self._points[point_id]
            if of is not None and point.payload.get(HASH) != of.get(point_id):
                continue
            self._points[point_id] = replace(point, payload=_copied_payload(payloads[point_id]))

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points; absent ids are fine."""
        for point_id in point_ids:
            self._points.pop(point_id, None)

    def flush(self) -> None:
        """Do nothing: memory survives neither."""

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Return the best points of one signal, best first."""
        check_question(self.layout, signal, vector, self.name)
        if impossible(where, limit):
            return []
        found = [
            Candidate(p.point_id, score, p.payload)
            for p, score in self._scores(signal, vector)
            if _allowed(p.payload, where)
        ]
        return sorted(found, key=lambda c: (-c.score, c.point_id))[:limit]

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        """Return the points that exist among these ids."""
        found = [self._points[i] for i in dict.fromkeys(point_ids) if i in self._points]
        return found if vectors else [StoredPoint(p.point_id, p.payload) for p in found]

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        """Yield what the collection holds in COLLECTION's schema, in bounded batches."""
        rows = [
            (p.point_id, p.payload.get(HASH))
            for p in sorted(self._points.values(), key=lambda p: p.point_id)
            if where is None or _allowed(p.payload, where)
        ]
        for start in range(0, len(rows), BATCH):
            yield pl.DataFrame(rows[start : start + BATCH], schema=COLLECTION, orient="row")

    def count(self) -> int:
        """Return how many points the collection holds."""
        return len(self._points)

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Keep some texts; None removes one."""
        self.kept = changed_marks(self.kept, marks)

    def _scores(
        self, signal: Signal, vector: Vectors | SparseVector
    ) -> Iterator[tuple[StoredPoint, float]]:
        if isinstance(vector, SparseVector):
            yield from self._sparse_scores(vector)
            return
        unit = _unit(vector)
        for point in self._points.values():
            if signal in point.dense:
                yield point, float(point.dense[signal] @ unit)

    def _sparse_scores(self, vector: SparseVector) -> Iterator[tuple[StoredPoint, float]]:
        """Score with inverse document frequency as Qdrant's `idf` modifier does."""
        documents = [(p, p.sparse) for p in self._points.values() if p.sparse is not None]
        frequency = Counter(i for _, s in documents for i in s.indices)
        asked = {
            i: v * math.log((len(documents) - frequency[i] + 0.5) / (frequency[i] + 0.5) + 1)
            for i, v in zip(vector.indices, vector.values, strict=True)
        }
        for point, sparse in documents:
            shared = [
                (i, v) for i, v in zip(sparse.indices, sparse.values, strict=True) if i in asked
            ]
            if shared:
                yield point, sum(asked[i] * v for i, v in shared)


def _copied(point: StoredPoint) -> StoredPoint:
    dense = {signal: _unit(vector) for signal, vector in point.dense.items()}
    return replace(
        point, payload=_copied_payload(point.payload), dense=dense, sparse=known_words(point)
    )


def _copied_payload(payload: Mapping[str, object]) -> dict[str, object]:
    """Return the payload as real stores give it back: through JSON."""
    copied: dict[str, object] = json.loads(json.dumps(payload))
    return copied


def _unit(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, dtype=np.float32)


def _allowed(payload: Mapping[str, object], where: Where) -> bool:
    return all(
        _any_of(payload.get(name), values) for name, values in conditions(where)
    ) and _within(payload.get(MODIFIED), *period(where))


def _within(value: object, start: str | None, end: str | None) -> bool:
    if start is None and end is None:
        return True
    known = isinstance(value, str) and value != ""
    return known and (start is None or str(value) >= start) and (end is None or str(value) < end)


def _any_of(value: object, asked: Sequence[str] | Sequence[int]) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(v in asked for v in values)
