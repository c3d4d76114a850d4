"""One question and the collections that it is put to, which the same models filled."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from mmrag_pipeline.ports import Served
from mmrag_pipeline.records import Signal, Where
from mmrag_pipeline.retrieval.exactly import MOST, PER_FILE, of_files, scored_in, whole_pages
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.shelves import Shelf, opened
from mmrag_pipeline.retrieval.signals import Found, Page, Question, Seen

WITHIN = 10
"""How many times deeper the files of a shortlist are asked: with their tiles they are many points,
and none of them is to be missed."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The vectors of a question, what may answer it, and how many points of each signal."""

    store: Served
    questions: Mapping[Signal, Question]
    where: Where
    depth: int
    within: frozenset[FileId] | None = None
    """None asks all files, as they are few or many."""

    @property
    def deep(self) -> int:
        """Return how many points are taken from each signal of a domain."""
        return self.depth if self.within is None else WITHIN * self.depth

    def found(self, shelf: Shelf) -> dict[Signal, list[Found]]:
        """Ask one collection; raises as `opened` does."""
        signals, where = shelf.held.intersection(self.questions), self.where
        if self.within is not None:
            where = of_files(where, shelf.domain, self.within)
        if not signals or where.keys == ():
            return {}
        with opened(self.store, shelf) as reader:
            return {
                signal: [
                    Found(shelf.domain, candidate, shelf.collection)
                    for candidate in reader.query(
                        signal, self.questions[signal], limit=self.deep, where=where
                    )
                ]
                for signal in signals
            }

    def near(
        self, shelves: Sequence[Shelf], signals: Sequence[Signal], pages: Collection[Page]
    ) -> dict[Signal, list[Seen]]:
        """Return the points that stand for whole pages, scored exactly; raises as `opened` does."""
        narrowed = partial(whole_pages, self.where, pages=pages)
        return self._scored(shelves, signals, narrowed)

    def again(
        self, shelves: Sequence[Shelf], files: Collection[FileId]
    ) -> dict[Signal, list[Seen]]:
        """Return the best points of these files, scored exactly; raises as `opened` does."""
        narrowed = partial(of_files, self.where, files=files)
        return self._scored(shelves, tuple(self.questions), narrowed, per_file=PER_FILE)

    def _scored(
        self,
        shelves: Sequence[Shelf],
        signals: Sequence[Signal],
        narrowed: Callable[[str], Where],
        *,
        per_file: int = MOST,
    ) -> dict[Signal, list[Seen]]:
        """Return what shelves hold within the filter of their domain; one that is empty is shut."""
        seen: dict[Signal, list[Seen]] = {}
        for shelf in shelves:
            held = {s: self.questions[s] for s in signals if s in shelf.held}
            where = narrowed(shelf.domain)
            if held and where.keys:
                with opened(self.store, shelf) as reader:
                    found = scored_in(reader, held, shelf=shelf, where=where, per_file=per_file)
                for signal, there in found.items():
                    seen.setdefault(signal, []).extend(there)
        return seen
