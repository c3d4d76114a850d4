"""One collection of a Qdrant server: our points in, our points out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

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
    check_points,
    check_question,
    conditions,
    dense_spaces,
    impossible,
    known_words,
)

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

MARK = "mmrag_mark_"
"""How names of marks begin among the collection's metadata."""
_REQUEST = 500
"""Points per request: a few megabytes."""


class ServerCollection:
    """Points of one collection (ports.CollectionWriter); each change waits for the server."""

    def __init__(self, client: "QdrantClient", name: str, layout: Layout) -> None:
        from qdrant_client import models

        self._models = models
        self._client = client
        self._name = name
        self._layout = layout

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points."""
        check_points(self._layout, points, self._name)
        for start in range(0, len(points), _REQUEST):
            batch = [self._point(p) for p in points[start : start + _REQUEST]]
            self._client.upsert(self._name, batch, wait=True)

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace the payload of existing points, vectors untouched."""
        ids = list(payloads)
        for start in range(0, len(ids), _REQUEST):
            changes = [
                self._overwriting(p.point_id, payloads[p.point_id], of)
                for p in self.fetch(ids[start : start + _REQUEST])
            ]
            if changes:
                self._client.batch_update_points(self._name, changes, wait=True)

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points; absent ids are fine."""
        for start in range(0, len(point_ids), BATCH):
            ids = self._models.PointIdsList(points=list(point_ids[start : start + BATCH]))
            self._client.delete(self._name, ids, wait=True)

    @property
    def exclusive(self) -> bool:
        """Return False: a server lets many write at once."""
        return False

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Keep some texts; the server merges them with the others and drops those that are None."""
        named = {f"{MARK}{name}": text for name, text in marks.items()}
        self._client.update_collection(self._name, metadata=named)

    def flush(self) -> None:
        """Do nothing: every call waited for the server."""

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Return the best points of one signal, best first."""
        check_question(self._layout, signal, vector, self._name)
        wordless = isinstance(vector, SparseVector) and not vector.indices
        if wordless or impossible(where, limit):
            return []
        answer = self._client.query_points(
            self._name,
            query=self._vector(vector),
            using=signal,
            query_filter=self._filter(where),
            limit=limit,
            with_payload=True,
        )
        found = [Candidate(str(p.id), p.score, p.payload or {}) for p in answer.points]
        return sorted(found, key=lambda c: (-c.score, c.point_id))

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        """Return the points that exist among these ids."""
        distinct = list(dict.fromkeys(point_ids))
        records = self._client.retrieve(
            self._name, distinct, with_payload=True, with_vectors=vectors
        )
        return [self._stored(r) for r in records]

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        """Yield what the collection holds in COLLECTION's schema, in bounded batches."""
        offset = None
        asked = None if where is None else self._filter(where)
        while where is None or not impossible(where, BATCH):
            records, offset = self._client.scroll(
                self._name, asked, limit=BATCH, offset=offset, with_payload=[HASH]
            )
            if records:
                yield pl.DataFrame([_row(r) for r in records], schema=COLLECTION, orient="row")
            if offset is None:
                return

    def count(self) -> int:
        """Return how many points the collection holds."""
        return self._client.count(self._name, exact=True).count

    def _overwriting(
        self, point_id: str, payload: Mapping[str, object], of: Mapping[str, str] | None
    ) -> "models.OverwritePayloadOperation":
        """Return one change; the server itself looks at the hash, so that nobody comes between."""
        change = self._models.SetPayload(payload=dict(payload), points=[point_id])
        if of is not None:
            this = self._models.HasIdCondition(has_id=[point_id])
            hashed = self._models.MatchValue(value=of.get(point_id, ""))
            same = self._models.FieldCondition(key=HASH, match=hashed)
            change = self._models.SetPayload(
                payload=dict(payload), filter=self._models.Filter(must=[this, same])
            )
        return self._models.OverwritePayloadOperation(overwrite_payload=change)

    def _point(self, point: StoredPoint) -> "models.PointStruct":
        vectors: dict[str, models.Vector] = {s: v.tolist() for s, v in point.dense.items()}
        words = known_words(point)
        if words is not None:
            vectors["bm25"] = self._sparse(words)
        return self._models.PointStruct(
            id=point.point_id, vector=vectors, payload=dict(point.payload)
        )

    def _vector(self, vector: Vectors | SparseVector) -> "list[float] | models.SparseVector":
        if isinstance(vector, SparseVector):
            return self._sparse(vector)
        values: list[float] = vector.tolist()
        return values

    def _sparse(self, vector: SparseVector) -> "models.SparseVector":
        return self._models.SparseVector(indices=list(vector.indices), values=list(vector.values))

    def _filter(self, where: Where) -> "models.Filter":
        return self._models.Filter(
            must=[
                self._models.FieldCondition(key=name, match=self._models.MatchAny(any=list(values)))
                for name, values in conditions(where)
            ]
        )

    def _stored(self, record: "models.Record") -> StoredPoint:
        held = record.vector if isinstance(record.vector, dict) else {}
        dense = {
            s.signal: np.asarray(held[s.signal], dtype=np.float32)
            for s in dense_spaces(self._layout)
            if s.signal in held
        }
        words = held.get("bm25")
        sparse = None
        if isinstance(words, self._models.SparseVector):
            sparse = SparseVector(tuple(words.indices), tuple(words.values))
        return StoredPoint(str(record.id), record.payload or {}, dense, sparse)


def _row(record: "models.Record") -> tuple[str, object]:
    return str(record.id), (record.payload or {}).get(HASH)
