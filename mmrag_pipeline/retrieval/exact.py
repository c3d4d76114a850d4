"""Exact re-scoring: the files on top are ranked again by all that signals have to say of them.

A list ends after so many points, and what an index finds by a graph or by quantized vectors it
finds nearly. So a file on top may lack the score of a signal that does hold it, or have one that
is a little off. Of these files every signal is asked again, and the same strategy ranks again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked, Strategy
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, file_of
from mmrag_pipeline.retrieval.refined import all_of
from mmrag_pipeline.retrieval.signals import Answer, Found, Seen

TOP = 100
"""Files that refinements look at, by default."""


@dataclass(frozen=True, slots=True)
class Exact:
    """Ranks again with exact scores of the best files."""

    strategy: Strategy
    top: int = TOP

    def __call__(
        self, asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        """Return the ranking of the strategy over the completed lists.

        What a strategy then leaves out (a cascade may) keeps its order at the end.
        """
        best = frozenset(file.file for file in ranked[: self.top])
        completed = [_completed(answer, best) for answer in answers]
        known = {file.file for file in ranked}
        again = [file for file in self.strategy(asked, completed) if file.file in known]
        return all_of(ranked, again)


def _completed(answer: Answer, files: frozenset[FileId]) -> Answer:
    seen = answer.again(files) if files else {}
    lists: dict[Signal, Sequence[Found]] = {
        signal: _replaced(found, seen.get(signal, ())) for signal, found in answer.lists.items()
    }
    return replace(answer, lists=lists)


def _replaced(found: Sequence[Found], seen: Collection[Seen]) -> list[Found]:
    """Return the list with the points of files that were asked again as they are now."""
    again = {file_of(one.found) for one in seen}
    return [*(one for one in found if file_of(one) not in again), *(one.found for one in seen)]
