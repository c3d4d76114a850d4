"""One question and the collections that it is put to, which the same models filled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mmrag_pipeline.ports import Served
from mmrag_pipeline.records import Signal, Where
from mmrag_pipeline.retrieval.exactly import of_files, scored_in
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.near import seen_in, whole_pages
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
        """Return the points that stand for whole pages, with vectors; raises as `opened` does."""
        seen: dict[Signal, list[Seen]] = {}
        for shelf in shelves:
            held = {s: self.questions[s] for s in signals if s in shelf.held}
            where = whole_pages(self.where, shelf.domain, pages)
            if held and where.keys:
                with opened(self.store, shelf) as reader:
                    for signal, there in seen_in(reader, held, shelf=shelf, where=where).items():
                        seen.setdefault(signal, []).extend(there)
        return seen

    def again(
        self, shelves: Sequence[Shelf], files: Collection[FileId]
    ) -> dict[Signal, list[Seen]]:
        """Return the best points of these files, scored exactly; raises as `opened` does."""
        seen: dict[Signal, list[Seen]] = {}
        for shelf in shelves:
            held = {s: question for s, question in self.questions.items() if s in shelf.held}
            where = of_files(self.where, shelf.domain, files)
            if held and where.keys:
                with opened(self.store, shelf) as reader:
                    for signal, there in scored_in(reader, held, shelf=shelf, where=where).items():
                        seen.setdefault(signal, []).extend(there)
        return seen
