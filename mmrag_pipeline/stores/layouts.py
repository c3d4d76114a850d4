"""What every vector store demands of points and questions before it asks its engine."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from mmrag_pipeline.errors import CollectionMismatchError, CorruptStateError, NotFoundError
from mmrag_pipeline.ids import canonical_json
from mmrag_pipeline.records import (
    Layout,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    VectorSpace,
    Where,
)

HASH = "_hash"
"""Payload field of the point hash."""
KEYWORD_FIELDS = ("kind", "visibility", "category", "key")
INTEGER_FIELDS = ("page_no",)
MODIFIED = "modified_at"
DATETIME_FIELDS = (MODIFIED,)
"""Payload fields that filters use: each has an index, also in a collection that is there."""
_LAYOUT = TypeAdapter(Layout)
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BATCH = 10_000
"""Points per batch of a listing."""


def space_of(layout: Layout, signal: Signal, collection: str) -> VectorSpace:
    """Return the space of a signal; raises CollectionMismatchError naming those there are."""
    for space in layout.spaces:
        if space.signal == signal:
            return space
    known = ", ".join(s.signal for s in layout.spaces) or "none"
    raise CollectionMismatchError(
        f"collection {collection} has no {signal!r} vectors (it has: {known}); "
        "index it again with the encoders that are asked for"
    )


def dense_spaces(layout: Layout) -> list[VectorSpace]:
    """Return the spaces of dense vectors."""
    return [s for s in layout.spaces if s.signal != "bm25"]


def check_question(
    layout: Layout, signal: Signal, vector: Vectors | SparseVector, collection: str
) -> None:
    """Raise CollectionMismatchError unless the vector belongs to the signal's space."""
    space = space_of(layout, signal, collection)
    if isinstance(vector, SparseVector):
        if signal != "bm25":
            raise CollectionMismatchError(f"signal {signal!r} is asked with a sparse vector")
        return
    if signal == "bm25" or vector.shape != (space.dimension,):
        raise CollectionMismatchError(
            f"signal {signal!r} of {collection} has dimension {space.dimension}, "
            f"the question has shape {vector.shape}; ask with the encoder that filled it"
        )


def check_points(layout: Layout, points: Iterable[StoredPoint], collection: str) -> None:
    """Raise CollectionMismatchError unless every id is a UUID and every vector has its space."""
    for point in points:
        _check_id(point.point_id)
        for signal, vector in point.dense.items():
            check_question(layout, signal, vector, collection)
        if point.sparse is not None:
            check_question(layout, "bm25", point.sparse, collection)


def _check_id(point_id: str) -> None:
    if _ID.fullmatch(point_id) is None:
        raise CollectionMismatchError(
            f"point id {point_id!r} is not a UUID in lower case with hyphens"
        )


def check_same_layout(held: Layout, asked: Layout, collection: str) -> None:
    """Raise CollectionMismatchError when a collection exists with another layout."""
    if held != asked:
        raise CollectionMismatchError(
            f"collection {collection} exists with layout {held.digest}, "
            f"asked for {asked.digest}; build the next generation instead"
        )


def impossible(where: Where, limit: int) -> bool:
    """Return whether no point can match: an empty tuple allows nothing, it is not `any`."""
    start, end = period(where)
    ended = start is not None and end is not None and start >= end
    return limit < 1 or ended or any(not values for _, values in conditions(where))


def conditions(where: Where) -> list[tuple[str, list[str] | list[int]]]:
    """Return payload field -> the values of which one is enough; every pair must hold."""
    asked = (
        ("kind", where.kinds),
        ("visibility", where.visibility),
        ("category", where.categories),
        ("key", where.keys),
    )
    words = [(name, list(values)) for name, values in asked if values is not None]
    return [*words, *([("page_no", list(where.pages))] if where.pages is not None else [])]


def period(where: Where) -> tuple[str | None, str | None]:
    """Return from when and before when `modified_at` has to be, as it is written in payloads.

    Text of this form sorts as the instants do (RFC 3339, UTC, microseconds).
    """
    return _instant(where.modified_from), _instant(where.modified_before)


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    known = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return known.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def known_words(point: StoredPoint) -> SparseVector | None:
    """Return the sparse vector as stored: one without words is none."""
    return point.sparse if point.sparse is not None and point.sparse.indices else None


def changed_marks(held: Mapping[str, str], marks: Mapping[str, str | None]) -> dict[str, str]:
    """Return the marks that are held after some were set; None removes one."""
    return {name: text for name, text in {**held, **marks}.items() if text is not None}


def unknown_collection(name: str, known: Sequence[str]) -> NotFoundError:
    """Return the error for a collection that does not exist."""
    return NotFoundError(
        f"no collection or alias {name!r}; known: {', '.join(sorted(known)) or 'none'}; "
        "index the domain first"
    )


def layout_json(layout: Layout) -> str:
    """Return the JSON of a layout that `read_layout` gives back."""
    return canonical_json(_LAYOUT.dump_python(layout, mode="json"))


def read_layout(text: str | bytes, source: str) -> Layout:
    """Return the layout of a JSON text; raises CorruptStateError naming its source."""
    try:
        return _LAYOUT.validate_json(text)
    except ValidationError as error:
        raise CorruptStateError(
            f"{source} is no layout of a collection ({error.error_count()} mistakes); "
            "remove that collection and index its domain again"
        ) from error
