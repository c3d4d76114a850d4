"""One collection of a Qdrant server: our points in, our points out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

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
    check_points,
    check_question,
    conditions,
    dense_spaces,
    impossible,
    known_words,
    period,
)
from mmrag_pipeline.stores.server_batches import batches, send_all
from mmrag_pipeline.stores.server_calls import ServerCalls
from mmrag_pipeline.stores.server_changes import Copies
from mmrag_pipeline.stores.server_tuning import search_params
from mmrag_pipeline.stores.tuning import Tuning

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

MARK = "mmrag_mark_"
"""How names of marks begin among the collection's metadata."""
T = TypeVar("T")
_PAYLOADS = 250
"""Payloads replaced by one request."""
_IDS = 1_000
"""Points fetched or deleted by one request."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How changes are written: batches on their way at the same time, and into how many copies."""

    parallel: int = 1
    copies: Copies = field(default_factory=Copies)


class ServerCollection:
    """Points of one collection (ports.CollectionWriter).

    Every change waits until the server has applied it (`wait=True`): what is only acknowledged
    may be applied after what was sent later, and there is no request that asks whether every node
    of a cluster has come to its end. Batches of one upsert go side by side instead, which hides
    the way there as well; a call returns when all of them are applied, so that nothing of a later
    call overtakes them.
    """

    def __init__(
        self,
        calls: ServerCalls,
        name: str,
        layout: Layout,
        tuning: Tuning,
        writing: Writing,
    ) -> None:
        from qdrant_client import models

        self._models = models
        self._calls = calls
        self._name = name
        self._layout = layout
        self._parallel = writing.parallel
        self._search = search_params(tuning)
        # Else copies of a part may apply two changes of a point in another order each.
        self._ordering = models.WriteOrdering.MEDIUM if writing.copies.replicas > 1 else None

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points."""
        check_points(self._layout, points, self._name)
        send_all(batches(points), self._upsert, parallel=self._parallel)

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace the payload of existing points, vectors untouched."""
        for some in _slices(list(payloads), _PAYLOADS):
            changes = [
                self._overwriting(p.point_id, payloads[p.point_id], of) for p in self.fetch(some)
            ]
            if changes:
                self._ask(partial(self._update, changes=changes))

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points; absent ids are fine."""
        for some in _slices(point_ids, _IDS):
            ids = self._models.PointIdsList(points=list(some))
            self._ask(partial(self._delete, ids=ids))

    @property
    def exclusive(self) -> bool:
        """Return False: a server lets many write at once."""
        return False

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Keep some texts; the server merges them with the others and drops those that are None."""
        named = {f"{MARK}{name}": text for name, text in marks.items()}
        self._ask(lambda client: client.update_collection(self._name, metadata=named))

    def flush(self) -> None:
        """Do nothing: every call waited until the server had applied and logged its changes."""

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Return the best points of one signal, best first."""
        check_question(self._layout, signal, vector, self._name)
        wordless = isinstance(vector, SparseVector) and not vector.indices
        if wordless or impossible(where, limit):
            return []
        answer = self._ask(
            lambda client: client.query_points(
                self._name,
                query=self._vector(vector),
                using=signal,
                query_filter=self._filter(where),
                search_params=None if signal == "bm25" else self._search,
                limit=limit,
                with_payload=True,
            )
        )
        found = [Candidate(str(p.id), p.score, p.payload or {}) for p in answer.points]
        return sorted(found, key=lambda c: (-c.score, c.point_id))

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        """Return the points that exist among these ids."""
        found: list[StoredPoint] = []
        for some in _slices(list(dict.fromkeys(point_ids)), _IDS):
            records = self._ask(partial(self._retrieve, ids=some, vectors=vectors))
            found += [self._stored(r) for r in records]
        return found

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        """Yield what the collection holds in COLLECTION's schema, in bounded batches."""
        offset = None
        asked = None if where is None else self._filter(where)
        while where is None or not impossible(where, BATCH):
            records, offset = self._ask(partial(self._scroll, asked=asked, offset=offset))
            if records:
                yield pl.DataFrame([_row(r) for r in records], schema=COLLECTION, orient="row")
            if offset is None:
                return

    def count(self) -> int:
        """Return how many points the collection holds."""
        return self._ask(lambda client: client.count(self._name, exact=True).count)

    def _ask(self, request: "Callable[[QdrantClient], T]") -> T:
        return self._calls.ask(request, collection=self._name)

    def _upsert(self, points: Sequence[StoredPoint]) -> None:
        batch = [self._point(p) for p in points]
        self._ask(
            lambda client: client.upsert(self._name, batch, wait=True, ordering=self._ordering)
        )

    def _update(
        self, client: "QdrantClient", changes: "Sequence[models.OverwritePayloadOperation]"
    ) -> None:
        client.batch_update_points(self._name, changes, wait=True, ordering=self._ordering)

    def _delete(self, client: "QdrantClient", ids: "models.PointIdsList") -> None:
        client.delete(self._name, ids, wait=True, ordering=self._ordering)

    def _retrieve(
        self, client: "QdrantClient", ids: Sequence[str], vectors: bool
    ) -> "list[models.Record]":
        return client.retrieve(self._name, ids, with_payload=True, with_vectors=vectors)

    def _scroll(
        self,
        client: "QdrantClient",
        asked: "models.Filter | None",
        offset: "models.ExtendedPointId | None",
    ) -> "tuple[list[models.Record], models.ExtendedPointId | None]":
        return client.scroll(
            self._name, asked, limit=BATCH, offset=offset, with_payload=[HASH], with_vectors=False
        )

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
        must: list[models.Condition] = [
            self._models.FieldCondition(key=name, match=self._models.MatchAny(any=values))
            for name, values in conditions(where)
        ]
        start, end = period(where)
        if start or end:
            asked = self._models.DatetimeRange.model_validate({"gte": start, "lt": end})
            must.append(self._models.FieldCondition(key=MODIFIED, range=asked))
        return self._models.Filter(must=must)

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


def _slices(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
