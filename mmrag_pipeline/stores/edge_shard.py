"""An open Qdrant Edge shard: our points in, our points out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.generation_records import Tuned
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
from mmrag_pipeline.stores.edge_config import (
    index_fields,
    search_params,
    shard_config,
    tuning_of_shard,
)
from mmrag_pipeline.stores.edge_marks import MarkFile
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
from mmrag_pipeline.stores.tuning import Tuning

if TYPE_CHECKING:
    import qdrant_edge as qe

UPSERT_BATCH = 100
"""Points per write-ahead-log record: each opening replays the last record, flushed or not.

Larger ones are no faster; 5,000 make an opening take a fifth of a second longer.
"""


def create_shard(path: Path, layout: Layout, tuning: Tuning) -> None:
    """Create an empty shard with the vectors and payload indexes of a layout."""
    import qdrant_edge as qe

    shard = qe.EdgeShard.create(str(path), shard_config(layout, tuning))
    index_fields(shard, tuning)
    shard.close()


def read_tuning(path: Path, name: str, tuning: Tuning) -> list[Tuned]:
    """Return how a shard is kept beside how it is asked to be; raises CorruptStateError."""
    shard = _loaded(path, name, None)
    try:
        config = json.loads((path / "edge_config.json").read_bytes())
        return tuning_of_shard(config, shard.info().payload_schema, tuning)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise CorruptStateError(
            f"how collection {name} is kept cannot be read in {path} ({error!r}); the next `mmrag "
            "index` writes it anew"
        ) from error
    finally:
        shard.close()


def _loaded(path: Path, name: str, config: "qe.EdgeConfig | None") -> "qe.EdgeShard":
    import qdrant_edge as qe

    try:
        return qe.EdgeShard.load(str(path), config)
    except Exception as error:
        raise CorruptStateError(
            f"collection {name} in {path} cannot be opened ({error}); drop it and index its "
            "domain again: the memo still has every vector"
        ) from error


@contextmanager
def open_to_read(
    path: Path, name: str, layout: Layout, tuning: Tuning
) -> "Iterator[EdgeCollection]":
    """Open a shard for questions, kept as it was last written."""
    shard = _loaded(path, name, None)
    try:
        yield EdgeCollection(shard, name, layout, tuning, MarkFile(path.parent))
    finally:
        shard.close()


@contextmanager
def open_to_write(
    path: Path, name: str, layout: Layout, tuning: Tuning
) -> "Iterator[EdgeCollection]":
    """Open a shard for changes; it is brought to the tuning of today, and tidied, at the end."""
    shard = _loaded(path, name, shard_config(layout, tuning))
    try:
        index_fields(shard, tuning)
        yield EdgeCollection(shard, name, layout, tuning, MarkFile(path.parent))
        shard.optimize()
    finally:
        shard.close()


class EdgeCollection:
    """Points of one open shard (ports.CollectionWriter)."""

    def __init__(
        self, shard: "qe.EdgeShard", name: str, layout: Layout, tuning: Tuning, marks: MarkFile
    ) -> None:
        import qdrant_edge as qe

        self._qe = qe
        self._shard = shard
        self._name = name
        self._layout = layout
        self._params = search_params(tuning)
        self._marks = marks

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points."""
        check_points(self._layout, points, self._name)
        for start in range(0, len(points), UPSERT_BATCH):
            batch = [self._point(p) for p in points[start : start + UPSERT_BATCH]]
            self._shard.update(self._qe.UpdateOperation.upsert_points(batch))

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace the payload of existing points, vectors untouched."""
        for point in self.fetch(list(payloads)):
            if of is None or point.payload.get(HASH) == of.get(point.point_id):
                self._shard.update(self._change(point, dict(payloads[point.point_id])))

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points; absent ids are fine."""
        for start in range(0, len(point_ids), BATCH):
            batch = list[int | UUID | str](point_ids[start : start + BATCH])
            self._shard.update(self._qe.UpdateOperation.delete_points(batch))

    @property
    def exclusive(self) -> bool:
        """Return True: its lock lets nobody else in."""
        return True

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Keep some texts; None removes one."""
        self._marks.change(marks)

    def flush(self) -> None:
        """Bring changes to the disk: until then the write-ahead log keeps them through a kill."""
        self._shard.flush()

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Return the best points of one signal, best first."""
        check_question(self._layout, signal, vector, self._name)
        if impossible(where, limit):
            return []
        request = self._qe.QueryRequest(
            limit=limit,
            query=self._qe.Query.Nearest(self._vector(vector), using=signal),
            filter=self._filter(where),
            with_payload=True,
            params=self._params,
        )
        found = [Candidate(str(p.id), p.score, p.payload or {}) for p in self._shard.query(request)]
        return sorted(found, key=lambda c: (-c.score, c.point_id))

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        """Return the points that exist among these ids."""
        distinct = list[int | UUID | str](dict.fromkeys(point_ids))
        records = self._shard.retrieve(distinct, with_payload=True, with_vector=vectors)
        return [self._stored(r) for r in records]

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        """Yield what the collection holds in COLLECTION's schema, in bounded batches."""
        offset: int | UUID | str | None = None
        asked = None if where is None else self._filter(where)
        while where is None or not impossible(where, BATCH):
            request = self._qe.ScrollRequest(
                offset=offset, limit=BATCH, filter=asked, with_payload=[HASH], with_vector=False
            )
            records, offset = self._shard.scroll(request)
            rows = [_row(r) for r in records]
            if rows:
                yield pl.DataFrame(rows, schema=COLLECTION, orient="row")
            if offset is None:
                return

    def count(self) -> int:
        """Return how many points the collection holds."""
        return self._shard.count(self._qe.CountRequest(exact=True))

    def _change(self, held: StoredPoint, payload: dict[str, object]) -> "qe.UpdateOperation":
        """Return the smallest operation that replaces a payload.

        Converting values takes longer than storing them. Only a whole payload removes fields, or
        keeps a field without a value.
        """
        known = held.payload
        changed = {name: v for name, v in payload.items() if name not in known or known[name] != v}
        if known.keys() - payload.keys() or None in changed.values():
            return self._qe.UpdateOperation.overwrite_payload([held.point_id], payload)
        return self._qe.UpdateOperation.set_payload([held.point_id], changed)

    def _point(self, point: StoredPoint) -> "qe.Point":
        vectors: dict[str, qe.NamedVector] = {s: v.tolist() for s, v in point.dense.items()}
        words = known_words(point)
        if words is not None:
            vectors["bm25"] = self._sparse(words)
        return self._qe.Point(point.point_id, vectors, dict(point.payload))

    def _vector(self, vector: Vectors | SparseVector) -> "qe.NamedVector":
        if isinstance(vector, SparseVector):
            return self._sparse(vector)
        values: list[float] = vector.tolist()
        return values

    def _sparse(self, vector: SparseVector) -> "qe.SparseVector":
        return self._qe.SparseVector(list(vector.indices), list(vector.values))

    def _filter(self, where: Where) -> "qe.Filter":
        start, end = period(where)
        asked = self._qe.RangeDateTime(gte=start, lt=end)
        dates = [self._qe.FieldCondition(MODIFIED, range=asked)] if start or end else []
        return self._qe.Filter(
            must=[
                *dates,
                *(
                    self._qe.FieldCondition(name, match=self._qe.MatchAny(values))
                    for name, values in conditions(where)
                ),
            ]
        )

    def _stored(self, record: "qe.Record") -> StoredPoint:
        held = record.vector if isinstance(record.vector, dict) else {}
        dense = {
            s.signal: np.asarray(held[s.signal], dtype=np.float32)
            for s in dense_spaces(self._layout)
            if s.signal in held
        }
        words = held.get("bm25")
        sparse = None
        if isinstance(words, self._qe.SparseVector):
            sparse = SparseVector(tuple(words.indices), tuple(words.values))
        return StoredPoint(str(record.id), record.payload or {}, dense, sparse)


def _row(record: "qe.Record") -> tuple[str, object]:
    return str(record.id), (record.payload or {}).get(HASH)
