"""The best points of chosen files, scored by the vectors that the collection holds in full."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Candidate, Signal, Where
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.near import MOST, exact
from mmrag_pipeline.retrieval.shelves import Shelf
from mmrag_pipeline.retrieval.signals import Found, Question, Seen

PER_FILE = 10
"""Points of a file whose vectors are fetched: the index may have them in a slightly wrong order,
but not by more than that."""


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

    Scores are those of `exact`.
    """
    return {
        signal: [
            Seen(Found(shelf.domain, candidate, shelf.collection), vector)
            for candidate, vector in exact(
                reader,
                signal,
                question,
                _best(reader.query(signal, question, limit=MOST, where=where)),
            )
        ]
        for signal, question in questions.items()
    }


def _best(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the PER_FILE best points of each file, best first."""
    seen: Counter[str] = Counter()
    best = []
    for candidate in candidates:
        key = str(candidate.payload["key"])
        seen[key] += 1
        best += [candidate] if seen[key] <= PER_FILE else []
    return best
