"""A query and the searcher that answers it from one or all domains."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.ports import Served
from mmrag_pipeline.records import Pixels, PointKind, Signal, Where
from mmrag_pipeline.retrieval.asked import Asked, Staged, Strategy
from mmrag_pipeline.retrieval.asking import Asking
from mmrag_pipeline.retrieval.best import best_lists
from mmrag_pipeline.retrieval.encoders import Reopen, fitting, no_others
from mmrag_pipeline.retrieval.expansion import Expand, nothing_more
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile
from mmrag_pipeline.retrieval.hits import Hit, hits
from mmrag_pipeline.retrieval.paged import paged, unpaged
from mmrag_pipeline.retrieval.refined import Refined, Refinements
from mmrag_pipeline.retrieval.serving import serving
from mmrag_pipeline.retrieval.shelves import Group, Shelf, grouped, layout_of
from mmrag_pipeline.retrieval.signals import (
    CHEAP,
    PICTURED,
    SIGNALS,
    Answer,
    Encoders,
    Question,
    askable,
    merged,
    questions,
)
from mmrag_pipeline.retrieval.stages import stage
from mmrag_pipeline.retrieval.trusted import evidence
from mmrag_pipeline.telemetry import SILENT, Telemetry, carried

DEPTH = 150
"""Points per signal and domain: a file is many points, and the tail is the background that
the peaks are measured against."""
POINTS_PER_FILE = 10
READERS = 8
"""Collections asked at the same time."""
TRIES = 5
"""How often a search starts again whose collections are replaced meanwhile."""
Unit = Literal["file", "page"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: words, a picture or both; None restricts nothing; `limit` counts hits."""

    text: str = ""
    image: Pixels | None = None
    domains: tuple[str, ...] | None = None
    kinds: tuple[PointKind, ...] | None = None
    visibility: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    pages: tuple[int, ...] | None = None
    modified_from: datetime | None = None
    modified_before: datetime | None = None
    limit: int = 10
    derived: str = ""
    """Words of the picture that ask texts where `text` has none; `Searcher.expanded` gives them."""
    unit: Unit = "file"
    """What a hit is."""

    @property
    def where(self) -> Where:
        """Return the filter that the index applies."""
        return Where(
            kinds=self.kinds,
            visibility=self.visibility,
            categories=self.categories,
            pages=self.pages,
            modified_from=self.modified_from,
            modified_before=self.modified_before,
        )

    @property
    def depth(self) -> int:
        """Return how many points to take from each signal."""
        return max(DEPTH, POINTS_PER_FILE * self.limit)

    @property
    def asked(self) -> Asked:
        """Return what a strategy knows of it."""
        return Asked(self.text, self.image is not None, self.depth, self.derived)


_Fitted = tuple[Group, Encoders]
"""A group of shelves, and the encoders that fit it."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """Answers queries from the collections that serve (aliases `PREFIX__PARTITION`).

    Each is asked by the models that filled it: today's, or those that `reopen` gives. A
    collection is open only while it is asked: never while a model loads or a picture is read,
    because nobody else can open an embedded collection meanwhile.
    """

    store: Served
    encoders: Encoders
    prefix: str
    shards: Mapping[str, int] = field(default_factory=dict)
    """Domain -> into how many partitions it is split, as named or kept."""
    reopen: Reopen = no_others
    strategy: Strategy = evidence
    private: Callable[[], Collection[str]] = tuple
    """Tells the domains that are asked only where they, or groups, are named."""
    expand: Expand = nothing_more
    refinements: Refinements = field(default_factory=dict)
    telemetry: Telemetry = SILENT

    def domains(self) -> list[str]:
        """Return the domains that can be searched, sorted."""
        return list(self._partitions())

    def search(self, query: Query) -> list[Hit]:
        """Return at most `query.limit` hits, best first; raises as `candidates` does.

        A strategy of stages is asked in stages, a picture without words is expanded.
        """
        with stage(self.telemetry, "query"):
            return self._searched(query)

    def _searched(self, query: Query) -> list[Hit]:
        asked = self.expanded(query)

        def ranked(domains: Sequence[str]) -> list[Hit]:
            answers = self._answers(asked, domains, self._stages)
            by_page = asked.unit == "page"
            answers = list(map(paged, answers)) if by_page else answers
            lists = merged(answer.lists for answer in answers)
            found = hits(lists, self.fused(asked, answers), limit=query.limit)
            shown = map(unpaged, found) if by_page else found
            return [replace(hit, derived=asked.derived) for hit in shown]

        return self._tried(query, ranked)

    def expanded(self, query: Query) -> Query:
        """Return a query that is a picture alone with the words that models find in it."""
        if query.image is None or query.text.strip() or query.derived:
            return query
        with stage(self.telemetry, "expand"):
            return replace(query, derived=self.expand(query.image))

    def fused(self, query: Query, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return every file in the answers to a query, best first, refined."""
        return Refined(self.strategy, self.refinements, self.telemetry)(query.asked, answers)

    def candidates(self, query: Query) -> list[Answer]:
        """Return the points that each asked signal finds, apart for each set of models.

        All domains answer from the generations that served at one moment; when one of them is
        gone by the time it is asked, the search starts again. Raises NotFoundError for a domain
        that is not indexed, CollectionBusyError, and CollectionMismatchError for a domain whose
        models cannot be had.
        """
        return self._tried(query, lambda domains: self._answers(query, domains))

    def staged(self, query: Query) -> list[Answer]:
        """Return the points that a search ranks: `candidates`, unless the strategy has stages."""
        return self._tried(query, lambda domains: self._answers(query, domains, self._stages))

    @property
    def _stages(self) -> Staged | None:
        return self.strategy if isinstance(self.strategy, Staged) else None

    def _tried(self, query: Query, ask: Callable[[Sequence[str]], list[T]]) -> list[T]:
        domains = _chosen(query.domains, self.open_to(query))
        for _ in range(TRIES - 1):
            with suppress(NotFoundError):
                return ask(domains)
        return ask(domains)

    def _answers(
        self, query: Query, domains: Sequence[str], staged: Staged | None = None
    ) -> list[Answer]:
        shelves = self._shelves(domains)
        groups = grouped(shelves, _signals(query, shelves))
        fitted = [(group, fitting(group, self.encoders, self.reopen)) for group in groups]
        if staged is None:
            return self._told(query, fitted, SIGNALS)
        first = self._told(query, fitted, CHEAP)
        files = staged.shortlist(query.asked, first)
        if files is not None and not files:
            return first
        rest = self._told(query, fitted, PICTURED, files)
        return [one.joined(more) for one, more in zip(first, rest, strict=True)]

    def _told(
        self,
        query: Query,
        fitted: Sequence[_Fitted],
        among: Collection[Signal],
        within: frozenset[FileId] | None = None,
    ) -> list[Answer]:
        """Return what collections say to some signals of a query, encoded with nothing open."""
        with stage(self.telemetry, "encode"):
            asking = [
                Asking(self.store, _questions(query, one, among), query.where, query.depth, within)
                for one in fitted
            ]
        with stage(self.telemetry, "search"), ThreadPoolExecutor(READERS) as threads:
            found = [
                threads.map(carried(one.found), group.shelves)
                for one, (group, _) in zip(asking, fitted, strict=True)
            ]
            return [
                Answer(
                    encoders,
                    best_lists([dict.fromkeys(one.questions, ()), *lists], one.deep),
                    partial(one.near, group.shelves),
                    partial(one.again, group.shelves),
                    one.questions,
                )
                for one, (group, encoders), lists in zip(asking, fitted, found, strict=True)
            ]

    def open_to(self, query: Query) -> list[str]:
        """Return the domains that this query may ask; raises NotFoundError if all are private."""
        known = self.domains()
        if query.domains is not None or query.visibility is not None:
            return known
        private = self.private()
        shown = [domain for domain in known if domain not in private]
        if known and not shown:
            raise NotFoundError(
                f"every indexed domain is private ({', '.join(known)}): name the domains to "
                "search, or the groups to search for"
            )
        return shown

    def _partitions(self) -> dict[str, dict[str, str]]:
        """Return domain -> partition -> the collection that serves it, sorted by domain."""
        return serving(self.store, self.prefix, self.shards)

    def _shelves(self, domains: Sequence[str]) -> list[Shelf]:
        """Return the collections that serve these domains now; raises NotFoundError."""
        served, layouts = self._partitions(), self.store.layouts()
        return [
            Shelf(domain, name, layout_of(domain, name, layouts))
            for domain in domains
            for name in served.get(domain, {"": collection_name(self.prefix, domain)}).values()
        ]


def _questions(query: Query, fitted: _Fitted, among: Collection[Signal]) -> dict[Signal, Question]:
    """Encode what the query asks, of these signals that a shelf holds."""
    group, encoders = fitted
    signals = [signal for signal in SIGNALS if signal in among and signal in group.cards]
    return questions(
        query.text, query.image, signals=signals, encoders=encoders, derived=query.derived
    )


def _chosen(asked: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Return the asked domains, each once and sorted; None asks all that are known."""
    chosen = sorted(set(known if asked is None else asked))
    unknown = [domain for domain in chosen if domain not in known]
    if not known:
        raise NotFoundError("no domain is indexed yet: run `mmrag index --source DIR` first")
    if unknown or not chosen:
        raise NotFoundError(
            f"no indexed domain {', '.join(map(repr, unknown)) or 'asked for'}; "
            f"indexed: {', '.join(known)}"
        )
    return chosen


def _signals(query: Query, shelves: Sequence[Shelf]) -> tuple[Signal, ...]:
    """Return what the query asks and at least one shelf holds."""
    wanted = askable(query.asked.words, query.image, query.kinds)
    held = {signal for shelf in shelves for signal in shelf.held}
    signals = tuple(s for s in SIGNALS if s in wanted and s in held)
    if wanted and not signals:
        raise CollectionMismatchError(
            f"the query asks {', '.join(wanted)}, but {', '.join(s.domain for s in shelves)} "
            f"hold only {', '.join(sorted(held)) or 'no vectors'}; index with those encoders"
        )
    return signals
