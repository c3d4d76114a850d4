"""Points that look like an index: clustered vectors, words, and the payload that stations write."""

import uuid
from collections.abc import Iterator, Mapping

import numpy as np

from mmrag_pipeline.records import Layout, Signal, SparseVector, StoredPoint, Vectors

_CLUSTERS = 200
_INTRINSIC = 24
"""Dimensions in which clusters lie and differ; encoders' vectors fill few of theirs, too."""
_SPREAD, _NOISE = 0.6, 0.03
_WORDS = 20
_BLOCK = 1_000


def clustered(count: int, dimension: int, seed: int) -> Vectors:
    """Return unit vectors of a mixture of Gaussians that all seeds share: (count, dimension)."""
    of_all, own = np.random.default_rng(dimension), np.random.default_rng([dimension, seed])
    centres = of_all.standard_normal((_CLUSTERS, _INTRINSIC), dtype=np.float32)
    into = of_all.standard_normal((_INTRINSIC, dimension), dtype=np.float32)
    inner = centres[own.integers(0, _CLUSTERS, count)]
    inner += _SPREAD * own.standard_normal(inner.shape, dtype=np.float32)
    rows = inner @ into
    noise = _NOISE * _INTRINSIC**0.5
    rows += noise * own.standard_normal(rows.shape, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows, dtype=np.float32)


def blocks(layout: Layout, count: int) -> Iterator[list[StoredPoint]]:
    """Yield numbered points in blocks, each with a vector of every space."""
    for start in range(0, count, _BLOCK):
        yield points(layout, start, min(_BLOCK, count - start))


def points(layout: Layout, start: int, count: int) -> list[StoredPoint]:
    """Return `count` points from a number on."""
    dense: dict[Signal, Vectors] = {
        s.signal: clustered(count, s.dimension, start) for s in layout.spaces if s.signal != "bm25"
    }
    words = any(s.signal == "bm25" for s in layout.spaces)
    return [
        StoredPoint(
            point_id(start + row),
            payload(start + row),
            {signal: rows[row] for signal, rows in dense.items()},
            _words(start + row) if words else None,
        )
        for row in range(count)
    ]


def point_id(number: int) -> str:
    """Return the id of a numbered point; like real ones, ids do not sort as numbers do."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def payload(number: int) -> Mapping[str, object]:
    """Return what the stations write of a caption: the fields, and about their lengths."""
    name = f"2026/07/picture-{number:07}.png"
    return {
        "domain": "shop",
        "key": name,
        "uri": f"s3://pictures/shop/{name}",
        "file_id": f"{number:032x}",
        "kind": ("page", "tile", "caption")[number % 3],
        "page_no": number % 7 + 1,
        "width_px": 1024,
        "height_px": 768,
        "page_digest": f"{number:064x}",
        "digest": f"{number:064x}",
        "media_type": "image/png",
        "modified_at": f"2026-01-{number % 28 + 1:02}T00:00:00.000000Z",
        "visibility": ["public"],
        "box": [0, 0, 640, 480],
        "text": f"A picture of a thing that stands on a table near a window, number {number}",
        "section": "",
        "confidence": 0.9,
        "cards": {"image": "a" * 32, "text": "b" * 32, "caption": "c" * 32},
        "_hash": f"{number:032x}",
        "run_id": "run-1",
    }


def _words(number: int) -> SparseVector:
    own = np.random.default_rng(number)
    ids = sorted({int(word) for word in own.zipf(1.2, _WORDS) % 50_000})
    return SparseVector(tuple(ids), tuple(own.random(len(ids)).tolist()))
