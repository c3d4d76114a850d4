"""The difference between desired and applied points, and its way into an open collection."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.image_vectors import IMAGE_VECTORS
from mmrag_pipeline.indexing.remember import Shelf, remembered
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.text_vectors import shelf as text_shelf
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import Signal, StoredPoint, Vectors

_BATCH = 1_000
_WINDOW = 32_768
"""Points whose vectors are fetched at once (50 MB of 384 float32 per signal).

Ids lie at random over the files of the memo, so that each fetch reads nearly all of them.
"""
_VECTORS_HALF = 16
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
    """Compare by id and hash; `desired` is in POINTS' schema, `applied` in COLLECTION's."""
    before = applied.select("point_id", old_hash="point_hash")
    joined = desired.join(before, on="point_id", how="left")
    wrong = joined.filter(pl.col("point_hash").ne_missing(pl.col("old_hash")))
    vectors = pl.col("point_hash").str.head(_VECTORS_HALF)
    same_vectors = vectors.eq_missing(pl.col("old_hash").str.head(_VECTORS_HALF))
    foreign = applied.join(desired, on="point_id", how="anti")["point_id"]
    return Difference(wrong.filter(~same_vectors), wrong.filter(same_vectors), foreign.to_list())


def apply_difference(
    world: World,
    index: CollectionWriter,
    change: Difference,
    *,
    run_id: str,
    alive: Callable[[], None],
) -> None:
    """Write a difference in batches; each may be repeated without harm.

    `alive` is called before each batch.
    """
    done = 0
    for window in change.upserts.iter_slices(_WINDOW):
        dense = _dense(world, window)
        for rows in window.iter_slices(_BATCH):
            alive()
            index.upsert([_point(world, r, dense, run_id) for r in rows.iter_rows(named=True)])
            done += rows.height
            world.progress.advance("collection", done=done, total=change.total)
    for rows in change.payloads.iter_slices(_BATCH):
        alive()
        index.set_payloads(
            {row["point_id"]: _payload(row, run_id) for row in rows.iter_rows(named=True)},
            of=dict(rows.select("point_id", "old_hash").iter_rows()),
        )
    for start in range(0, len(change.deletes), _BATCH):
        alive()
        index.delete(change.deletes[start : start + _BATCH])
    index.flush()
    if change.total:
        world.progress.advance("collection", done=change.total, total=change.total)


def _payload(row: Mapping[str, object], run_id: str) -> dict[str, object]:
    """Return the payload as stored; the run id is told but does not count as content."""
    return {**json.loads(str(row["payload"])), "_hash": row["point_hash"], "run_id": run_id}


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
