"""Random histories of changes to a collection."""

from collections.abc import Callable

from hypothesis import strategies as st

from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import (
    Signal,
    SparseVector,
    StoredPoint,
)
from tests.stores.samples import DIMENSIONS, payload, point_id, vector

SIGNALS: tuple[Signal, ...] = ("image", "text", "image_text")
numbers = st.integers(0, 7)
kinds = st.sampled_from(["page", "tile"])
payloads = st.builds(payload, numbers, kind=kinds) | st.builds(
    payload, numbers, kind=kinds, note=st.none() | st.text(max_size=5)
)


@st.composite
def points(draw: st.DrawFn) -> StoredPoint:
    """Draw a point with any subset of vectors."""
    signals = draw(st.sets(st.sampled_from(SIGNALS)))
    values = st.floats(-1, 1, width=32).map(lambda x: x + 2)
    dense = {s: vector(*(draw(values) for _ in range(DIMENSIONS[s]))) for s in sorted(signals)}
    tokens = sorted(draw(st.sets(st.integers(0, 2**32 - 1), max_size=4)))
    sparse = SparseVector(tuple(tokens), (0.5,) * len(tokens))
    return StoredPoint(point_id(draw(numbers)), draw(payloads), dense, sparse)


Step = Callable[[CollectionWriter], None]


def upserting(batch: list[StoredPoint]) -> Step:
    """Return a step of a history that writes points."""
    return lambda writer: writer.upsert(batch)


def relabelling(batch: dict[str, dict[str, object]]) -> Step:
    """Return a step of a history that replaces payloads."""
    return lambda writer: writer.set_payloads(batch)


def deleting(batch: list[str]) -> Step:
    """Return a step of a history that removes points."""
    return lambda writer: writer.delete(batch)


ids = numbers.map(point_id)
histories: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.lists(points(), max_size=4, unique_by=lambda p: p.point_id).map(upserting),
        st.dictionaries(ids, payloads, max_size=4).map(relabelling),
        st.lists(ids, max_size=4).map(deleting),
    ),
    max_size=8,
)
