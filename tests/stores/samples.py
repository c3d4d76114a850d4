"""Points, layouts and tables that the contract packs of stores share."""

import uuid
from collections.abc import Mapping

import numpy as np
import polars as pl

from mmrag_pipeline.records import (
    Layout,
    Lineage,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    VectorSpace,
)
from mmrag_pipeline.stores.layouts import HASH

DIMENSIONS: Mapping[Signal, int] = {"image": 4, "text": 3, "image_text": 4}
LAYOUT = Layout(
    (
        VectorSpace("image", 4, "card-a"),
        VectorSpace("text", 3, "card-b"),
        VectorSpace("image_text", 4, "card-a"),
        VectorSpace("bm25", 0, "card-c"),
    ),
)


def point_id(number: int) -> str:
    """Return the id of a numbered point."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def vector(*values: float) -> Vectors:
    """Return one row of float32."""
    return np.array(values, dtype=np.float32)


def payload(number: int, **fields: object) -> dict[str, object]:
    """Return a payload with hashes of a numbered point."""
    base = {"key": f"{number}.png", "kind": "page", "visibility": ["public"], "page_no": number}
    return {**base, "category": "", HASH: f"hash-{number}", **fields}


def point(number: int, **fields: object) -> StoredPoint:
    """Return a numbered point with an image vector."""
    dense: dict[Signal, Vectors] = {"image": vector(1, number, 0, 0)}
    return StoredPoint(point_id(number), payload(number, **fields), dense)


def words(number: int, *tokens: int) -> StoredPoint:
    """Return a numbered point with a sparse vector only."""
    sparse = SparseVector(tokens, (1.0,) * len(tokens))
    return StoredPoint(point_id(number), payload(number), {}, sparse)


def same(one: StoredPoint, other: StoredPoint, atol: float = 1e-5) -> bool:
    """Return whether two points agree; stored vectors are of unit length."""
    return (
        one.point_id == other.point_id
        and one.payload == other.payload
        and one.dense.keys() == other.dense.keys()
        and all(_parallel(one.dense[s], other.dense[s], atol) for s in one.dense)
        and one.sparse == other.sparse
    )


def _parallel(one: Vectors, other: Vectors, atol: float) -> bool:
    a, b = one / np.linalg.norm(one), other / np.linalg.norm(other)
    return bool(np.allclose(a, b, atol=atol))


def lineage(table: str, frame: pl.DataFrame, partition: str = "shop") -> Lineage:
    """Return a lineage that fits a frame."""
    return Lineage(
        table, partition, "digest", frame.height, {"pages": "d1"}, "recipe", {"ocr": "c1"}, "run-1"
    )
