"""The best points of chosen files, scored by the vectors that the collection holds in full."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Candidate, Signal, SparseVector, Vectors, Where
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.near import MOST
from mmrag_pipeline.retrieval.shelves import Shelf
from mmrag_pipeline.retrieval.signals import Found, Question, Seen

PER_FILE = 10
"""Points of a file whose vectors are fetched: the index may have them in a slightly wrong order,
but not by more than that."""
_NO_VECTOR = np.empty(0, dtype=np.float32)


def of_files(where: Where, domain: str, files: Collection[FileId]) -> Where:
    """Return a filter narrowed to the files of a domain among these."""
    return replace(where, keys=tuple(sorted(key for name, key in files if name == domain)))


def scored_in(
    reader: CollectionReader,
    questions: Mapping[Signal, Question],
    *,
    shelf: Shelf,
    where: Where,
) -> dict[Signal, list[Seen]]:
    """Return the best points of each file that a filter lets through, by each signal.

    Dense scores are the products of the question with the vectors as they are held, not with
    their quantized copies; those of `bm25` are exact as the index gives them.
    """
    return {
        signal: [
            Seen(Found(shelf.domain, candidate, shelf.collection), vector)
            for candidate, vector in _exact(
                reader,
                signal,
                question,
                _best(reader.query(signal, question, limit=MOST, where=where)),
            )
        ]
        for signal, question in questions.items()
    }


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


def _best(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the PER_FILE best points of each file, best first."""
    seen: Counter[str] = Counter()
    best = []
    for candidate in candidates:
        key = str(candidate.payload["key"])
        seen[key] += 1
        best += [candidate] if seen[key] <= PER_FILE else []
    return best
