"""Stores as somebody hears them: what tells of their calls is loaded only where somebody does."""

from typing import TypeVar, cast

from mmrag_pipeline.ports import Memo, ObjectStore, VectorStore
from mmrag_pipeline.telemetry import SILENT, Telemetry

T = TypeVar("T")


def told_memo(memo: Memo, telemetry: Telemetry) -> Memo:
    """Return a memo that tells of its calls."""
    if telemetry is SILENT:
        return memo
    from mmrag_pipeline.observing.calls import ToldMemo

    return cast("Memo", ToldMemo(memo, telemetry))


def told_source(source: ObjectStore, telemetry: Telemetry) -> ObjectStore:
    """Return raw files that tell how many bytes of them are read."""
    if telemetry is SILENT:
        return source
    from mmrag_pipeline.observing.calls import ToldSource

    return cast("ObjectStore", ToldSource(source, telemetry))


def told_vectors(vectors: VectorStore, telemetry: Telemetry) -> VectorStore:
    """Return an index that tells of its calls."""
    if telemetry is SILENT:
        return vectors
    from mmrag_pipeline.observing.calls import ToldVectors

    return cast("VectorStore", ToldVectors(vectors, telemetry))


def told_blobs(blobs: T, telemetry: Telemetry) -> T:
    """Return a bucket's blobs that tell of requests which move them."""
    if telemetry is SILENT:
        return blobs
    from mmrag_pipeline.observing.calls import ToldBlobs

    return cast("T", ToldBlobs(blobs, telemetry))
