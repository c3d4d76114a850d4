"""Stores as somebody hears them: what tells of their calls is loaded only where somebody does."""

from typing import Literal, TypeVar, cast

from mmrag_pipeline.telemetry import SILENT, Telemetry

Kind = Literal["memo", "source", "vectors", "blobs"]
T = TypeVar("T")


def heard(store: T, kind: Kind, telemetry: Telemetry) -> T:
    """Return a store that tells of its calls, itself where nobody listens."""
    if telemetry is SILENT:
        return store
    from mmrag_pipeline.observing import calls

    kinds = {
        "memo": calls.ToldMemo,
        "source": calls.ToldSource,
        "vectors": calls.ToldVectors,
        "blobs": calls.ToldBlobs,
    }
    return cast("T", kinds[kind](store, telemetry))
