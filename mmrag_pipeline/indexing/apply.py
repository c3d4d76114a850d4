"""The difference between desired and applied points, and its way into an open collection."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mmrag_pipeline.errors import CorruptStateError, OvertakenError
from mmrag_pipeline.indexing.applied import Writing
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.remember import Shelf, remembered
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.text_vectors import shelf as text_shelf
from mmrag_pipeline.records import Signal, StoredPoint, Vectors
from mmrag_pipeline.schemas import COLLECTION, POINTS

_BATCH = 4_000
_WINDOW = 32_768
"""Points whose vectors are fetched at once (50 MB of 384 float32 per signal).

Ids lie at random over the files of the memo, so that each fetch reads nearly all of them.
"""
HASH = "_hash"
"""Payload field of a point's hash."""
VECTORS_HALF = 16
"""Leading digits of `point_hash` that stand for the vectors; the rest is the payload's."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to happen for applied points to become the desired ones."""

    upserts: pl.DataFrame
    payloads: pl.DataFrame
    """Points whose vectors are right and whose payload is not, with the `old_hash` they have."""
    deletes: list[str]

    @property
    def total(self) -> int:
        """Return the number of points touched."""
        return self.upserts.height + self.payloads.height + len(self.deletes)


def difference(desired: pl.DataFrame, applied: pl.DataFrame) -> Difference:
    """Compare by id and hash, both in COLLECTION's schema."""
    before = applied.select("point_id", old_hash="point_hash")
    joined = desired.join(before, on="point_id", how="left")
    wrong = joined.filter(pl.col("point_hash").ne_missing(pl.col("old_hash")))
    vectors = pl.col("point_hash").str.head(VECTORS_HALF)
    same_vectors = vectors.eq_missing(pl.col("old_hash").str.head(VECTORS_HALF))
    foreign = applied.join(desired, on="point_id", how="anti")["point_id"]
    return Difference(wrong.filter(~same_vectors), wrong.filter(same_vectors), foreign.to_list())


def apply_difference(own: Writing, change: Difference, *, partition: str, run_id: str) -> None:
    """Write a difference of ids and hashes; the rest is read from the table of points.

    Only rows that change are held, and only so many at once; a batch may be repeated without
    harm. A hash covers all that a point says, so that a row with another one is not written.
    Raises OvertakenError when the table is not the one that the difference was made of.
    """
    work = _Work(own, run_id, change.total)
    for window in _windows(own.world, change, partition):
        work.upsert(window.filter("whole"))
        work.relabel(window.filter(~pl.col("whole")))
    work.end(change.deletes)


def _windows(world: World, change: Difference, partition: str) -> Iterator[pl.DataFrame]:
    """Yield the rows of the points to write; `whole` are those whose vectors are to be written."""
    parts = ((change.upserts, True), (change.payloads, False))
    told = [*COLLECTION, "old_hash"]
    wanted = pl.concat([rows.select(*told, whole=pl.lit(whole)) for rows, whole in parts])
    left, waiting = wanted.height, list[pl.DataFrame]()
    stored = world.tables.batches("points", partition, POINTS.names()) if left else None
    for batch in stored or ():
        found = batch.join(wanted, on=COLLECTION.names(), maintain_order="left")
        left -= found.height
        waiting.append(found)
        if sum(rows.height for rows in waiting) >= _WINDOW or not left:
            yield pl.concat(waiting)
            waiting = []
    if left:
        raise OvertakenError(
            f"{left} of {wanted.height} points to write are not in the table of points of "
            f"{partition!r} any more: let the other runs of this partition end and run again"
        )


@dataclass(slots=True)
class _Work:
    """Changes on their way into an open collection, in batches."""

    own: Writing
    run_id: str
    total: int
    done: int = 0

    def upsert(self, points: pl.DataFrame) -> None:
        """Write points with their vectors."""
        world = self.own.world
        for window in points.iter_slices(_WINDOW):
            dense = _dense(world, window)
            for rows in window.iter_slices(_BATCH):
                self.own.beat()
                named = rows.iter_rows(named=True)
                self.own.index.upsert([_point(world, row, dense, self.run_id) for row in named])
                self._advance(rows.height)

    def relabel(self, points: pl.DataFrame) -> None:
        """Write payloads of points that still are those they tell of."""
        for rows in points.iter_slices(_BATCH):
            self.own.beat()
            self.own.index.set_payloads(
                {row["point_id"]: _payload(row, self.run_id) for row in rows.iter_rows(named=True)},
                of=dict(rows.select("point_id", "old_hash").iter_rows()),
            )
            self._advance(rows.height)

    def end(self, deletes: Sequence[str]) -> None:
        """Remove what is not desired, and bring everything to the disk."""
        for start in range(0, len(deletes), _BATCH):
            self.own.beat()
            self.own.index.delete(deletes[start : start + _BATCH])
        self.own.index.flush()
        self._advance(len(deletes))

    def _advance(self, count: int) -> None:
        self.done += count
        if count:
            self.own.world.progress.advance("collection", done=self.done, total=self.total)


def _payload(row: Mapping[str, object], run_id: str) -> dict[str, object]:
    """Return the payload as stored; the run id is told but does not count as content."""
    return {**json.loads(str(row["payload"])), HASH: row["point_hash"], "run_id": run_id}


def _dense(world: World, rows: pl.DataFrame) -> Mapping[Signal, Mapping[str, Vectors]]:
    """Return signal -> key -> vector for these points, each file of the memo read once."""
    shelves: dict[Signal, Shelf] = {
        "image": IMAGE_VECTORS.shelf(world),
        "text": text_shelf("text", world.text.card),
        "image_text": text_shelf("image_text", world.image_text.card),
    }
    return {
        signal: _vectors(world, place, rows[f"{signal}_key"]) for signal, place in shelves.items()
    }


def _point(
    world: World,
    row: Mapping[str, object],
    dense: Mapping[Signal, Mapping[str, Vectors]],
    run_id: str,
) -> StoredPoint:
    keys = {signal: row[f"{signal}_key"] for signal in dense}
    words = row["sparse_text"]
    return StoredPoint(
        point_id=str(row["point_id"]),
        payload=_payload(row, run_id),
        dense={signal: dense[signal][str(key)] for signal, key in keys.items() if key is not None},
        sparse=world.sparse.document(str(words)) if words is not None else None,
    )


def _vectors(world: World, place: Shelf, keys: pl.Series) -> Mapping[str, Vectors]:
    wanted = keys.drop_nulls()
    known = remembered(world, place, wanted)
    lost = set(wanted) - set(known["key"])
    if lost:
        raise CorruptStateError(
            f"the memo lost {len(lost)} vectors of {place.station!r} that tables refer to "
            f"(first: {min(lost)}): run `mmrag index --force` to compute them again"
        )
    matrix = known["vector"].to_numpy().astype(np.float32, copy=False)
    return dict(zip(known["key"], matrix, strict=True))
