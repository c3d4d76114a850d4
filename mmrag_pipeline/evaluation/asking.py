"""Labelled queries asked of an index once each, and all the rankings that come of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from mmrag_pipeline.evaluation.evaluate import Answered, LoadImage
from mmrag_pipeline.evaluation.measures import Judged, judge
from mmrag_pipeline.evaluation.pages import page_entries
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.variants import FUSED, Ablations, Variant, variants
from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Staged
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.hits import Hit, hits
from mmrag_pipeline.retrieval.paged import paged
from mmrag_pipeline.retrieval.query import POINTS_PER_FILE, Query, Searcher
from mmrag_pipeline.retrieval.refined import Refined
from mmrag_pipeline.retrieval.signals import Answer, merged
from mmrag_pipeline.retrieval.strategies import Asked

RANKED = 50
"""Files and pages that are kept of each ranking: no measure looks further."""
DEEPER = 4
"""With ablations lists are fetched so many times deeper than a search does."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The first of what one query got by one ranking, and how they are judged."""

    judged: Judged
    files: tuple[FusedFile, ...]
    """Files, or pages as `pages.paged` names them."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What an index answers to one query."""

    query: LabelledQuery
    files: Mapping[str, Ranking]
    """Name of a ranking -> files."""
    pages: Mapping[str, Ranking]
    """The same of pages; empty where the labels name none."""
    hits: tuple[Hit, ...]
    """The fused files with the places where they were found."""
    signals: frozenset[Signal]
    """The signals that it asked."""
    seconds: float
    """From the query to the hits of the fused ranking; reading a query picture is left out."""

    @property
    def answered(self) -> Answered:
        """Return its rankings by the fusion and by each signal that it asks, judged."""
        signals = {signal: self.files[signal].judged for signal in self.signals}
        return Answered(self.query.kind, self.files[FUSED].judged, signals)


@dataclass(frozen=True, slots=True)
class Trial:
    """What queries are asked of, and which rankings are made of the answers."""

    searcher: Searcher
    load_image: LoadImage
    ablations: Ablations = field(default_factory=Ablations)
    domains: tuple[str, ...] | None = None
    """None: all."""

    @property
    def depth(self) -> int:
        """Return how many points of each signal and domain are fetched."""
        return self._deep(Query()).depth

    def ask_all(self, queries: Sequence[LabelledQuery]) -> Iterator[Ranked]:
        """Yield what each query gets, in order; raises as the searcher and `load_image` do.

        The first is asked once before, unmeasured: it may have to load models. Questions that no
        file answers are left out: there is nothing to find.
        """
        load = lru_cache(maxsize=1)(self.load_image)
        ranked = Refined(self.searcher.strategy, self.searcher.refinements)
        rankings = variants(ranked, self.ablations)
        for number, labelled in enumerate(one for one in queries if one.relevant):
            image = None if labelled.image is None else load(labelled.image)
            query = Query(text=labelled.text, image=image, domains=self.domains)
            if number == 0:
                self.searcher.search(query)
            yield self._ask(labelled, query, rankings)

    def _deep(self, query: Query) -> Query:
        deeper = DEEPER if self.ablations.families else 1
        return replace(query, limit=query.depth * deeper // POINTS_PER_FILE)

    def _ask(self, labelled: LabelledQuery, query: Query, rankings: Sequence[Variant]) -> Ranked:
        start = time.perf_counter()
        query = self.searcher.expanded(query)
        answers = self.searcher.staged(self._deep(query))
        kept = rankings[0].kept(query.asked, answers)
        fused = rankings[0].rank(query.asked, kept)
        found = hits(merged(answer.lists for answer in kept), fused, limit=RANKED)
        seconds = time.perf_counter() - start
        if isinstance(self.searcher.strategy, Staged):  # the other rankings need all lists whole
            answers = self.searcher.candidates(self._deep(query))
        files = {FUSED: fused} | {one.name: one(query.asked, answers) for one in rankings[1:]}
        return Ranked(
            labelled,
            {name: _judged(ranking, labelled) for name, ranking in files.items()},
            _pages(labelled, query.asked, answers, rankings),
            tuple(found),
            frozenset(signal for one in answers for signal in one.lists),
            seconds,
        )


def _judged(ranking: Sequence[FusedFile], labelled: LabelledQuery) -> Ranking:
    first = tuple(ranking[:RANKED])
    judged = judge([one.file for one in first], labelled.relevant, labelled.grades)
    return Ranking(judged, first)


def _pages(
    labelled: LabelledQuery, asked: Asked, answers: Sequence[Answer], rankings: Sequence[Variant]
) -> dict[str, Ranking]:
    if not labelled.pages:
        return {}
    entries, own = page_entries(labelled.pages), list(map(paged, answers))
    found: dict[str, Ranking] = {}
    for one in rankings:
        first = tuple(one(asked, own)[:RANKED])
        found[one.name] = Ranking(judge([page.file for page in first], entries), first)
    return found
