"""Points of chosen pages with their vectors and scores: what early fusion joins."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Candidate, PointKind, Signal, SparseVector, Vectors, Where
from mmrag_pipeline.retrieval.shelves import Shelf
from mmrag_pipeline.retrieval.signals import Found, Page, Question, Seen

WHOLE: tuple[PointKind, ...] = ("page", "caption")
"""Kinds of points that stand for a whole page."""
MOST = 10_000
"""Points of one signal that are taken from one collection."""
_NO_VECTOR = np.empty(0, dtype=np.float32)


def page_of(found: Found) -> Page:
    """Return on which page a point lies."""
    payload = found.candidate.payload
    return found.domain, str(payload["key"]), int(str(payload.get("page_no") or 1))


def whole_pages(where: Where, domain: str, pages: Collection[Page]) -> Where:
    """Return the filter of a query narrowed to the whole-page points of a domain's pages."""
    return replace(
        where,
        kinds=tuple(kind for kind in WHOLE if where.kinds is None or kind in where.kinds),
        keys=tuple(sorted({key for name, key, _ in pages if name == domain})),
        pages=tuple(sorted({page_no for name, _, page_no in pages if name == domain})),
    )


def seen_in(
    reader: CollectionReader,
    questions: Mapping[Signal, Question],
    *,
    shelf: Shelf,
    where: Where,
) -> dict[Signal, list[Seen]]:
    """Return the points of an open shelf that a filter lets through, with vectors.

    Scores are those of `exact`.
    """
    return {
        signal: [
            Seen(Found(shelf.domain, candidate, shelf.collection), vector)
            for candidate, vector in exact(
                reader, signal, question, reader.query(signal, question, limit=MOST, where=where)
            )
        ]
        for signal, question in questions.items()
    }


def exact(
    reader: CollectionReader, signal: Signal, question: Question, found: Sequence[Candidate]
) -> list[tuple[Candidate, Vectors]]:
    """Return points that a signal found with their exact scores, and their vectors.

    Dense scores are the products of the question with the vectors as they are held, not with
    their quantized copies; those of `bm25` are exact as the index gives them, without a vector.
    """
    if isinstance(question, SparseVector):
        return [(candidate, _NO_VECTOR) for candidate in found]
    points = reader.fetch([candidate.point_id for candidate in found], vectors=True)
    vectors = {p.point_id: p.dense[signal] for p in points if signal in p.dense}
    return [
        (replace(candidate, score=_product(question, vector)), vector)
        for candidate in found
        if (vector := vectors.get(candidate.point_id)) is not None
    ]


def _product(question: Vectors, vector: Vectors) -> float:
    return float(np.dot(question.astype(np.float64), vector.astype(np.float64)))
