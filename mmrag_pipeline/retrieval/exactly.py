"""Points of chosen pages or files, scored by the vectors that the collection holds in full."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Candidate, PointKind, Signal, SparseVector, Vectors, Where
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.shelves import Shelf
from mmrag_pipeline.retrieval.signals import Found, Page, Question, Seen

WHOLE: tuple[PointKind, ...] = ("page", "caption")
"""Kinds of points that stand for a whole page."""
PER_FILE = 10
"""Points of a file whose vectors are fetched: the index may have them in a slightly wrong order,
but not by more than that."""
MOST = 10_000
"""Points of one signal that are taken from one collection."""
_NO_VECTOR = np.empty(0, dtype=np.float32)


def of_files(where: Where, domain: str, files: Collection[FileId]) -> Where:
    """Return a filter narrowed to the files of a domain among these."""
    return replace(where, keys=tuple(sorted(key for name, key in files if name == domain)))


def whole_pages(where: Where, domain: str, pages: Collection[Page]) -> Where:
    """Return the filter of a query narrowed to the whole-page points of a domain's pages."""
    return replace(
        where,
        kinds=tuple(kind for kind in WHOLE if where.kinds is None or kind in where.kinds),
        keys=tuple(sorted({key for name, key, _ in pages if name == domain})),
        pages=tuple(sorted({page_no for name, _, page_no in pages if name == domain})),
    )


def scored_in(
    reader: CollectionReader,
    questions: Mapping[Signal, Question],
    *,
    shelf: Shelf,
    where: Where,
    per_file: int = MOST,
) -> dict[Signal, list[Seen]]:
    """Return the points of an open shelf that a filter lets through, by each signal.

    Of each file the `per_file` best. Dense scores are the products of the question with the
    vectors as they are held, not with their quantized copies; those of `bm25` are exact as the
    index gives them, without a vector.
    """
    found: dict[Signal, list[Seen]] = {}
    for signal, question in questions.items():
        candidates = reader.query(signal, question, limit=MOST, where=where)
        best = _exact(reader, signal, question, _best(candidates, per_file))
        found[signal] = [Seen(Found(shelf.domain, one, shelf.collection), row) for one, row in best]
    return found


def _best(candidates: Sequence[Candidate], per_file: int) -> list[Candidate]:
    """Return the best points of each file, best first."""
    seen: Counter[str] = Counter()
    best = []
    for candidate in candidates:
        key = str(candidate.payload["key"])
        seen[key] += 1
        best += [candidate] if seen[key] <= per_file else []
    return best


def _exact(
    reader: CollectionReader, signal: Signal, question: Question, found: Sequence[Candidate]
) -> list[tuple[Candidate, Vectors]]:
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
