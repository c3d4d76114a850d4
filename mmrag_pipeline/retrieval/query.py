"""A query and the searcher that answers it from one or all domains."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.ports import Served
from mmrag_pipeline.records import Layout, Pixels, PointKind, Signal, Where
from mmrag_pipeline.retrieval.encoders import Reopen, fitting, no_others
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.hits import Hit, hits
from mmrag_pipeline.retrieval.serving import serving
from mmrag_pipeline.retrieval.shelves import Group, Shelf, grouped
from mmrag_pipeline.retrieval.signals import (
    SIGNALS,
    Answer,
    Encoders,
    Found,
    Lists,
    Question,
    askable,
    questions,
)
from mmrag_pipeline.retrieval.strategies import Asked, Strategy, evidence

DEPTH = 150
"""Points per signal and domain: a file is many points, and the tail is the background that
the peaks are measured against."""
POINTS_PER_FILE = 10
READERS = 8
"""Collections asked at the same time."""
TRIES = 5
"""How often a search starts again whose collections are replaced meanwhile."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: words, a picture or both; None restricts nothing; `limit` counts files."""

    text: str = ""
    image: Pixels | None = None
    domains: tuple[str, ...] | None = None
    kinds: tuple[PointKind, ...] | None = None
    visibility: tuple[str, ...] | None = None
    pages: tuple[int, ...] | None = None
    modified_from: datetime | None = None
    modified_before: datetime | None = None
    limit: int = 10

    @property
    def where(self) -> Where:
        """Return the filter that the index applies."""
        return Where(
            kinds=self.kinds,
            visibility=self.visibility,
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
        return Asked(self.text, self.image is not None, self.depth)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A group of shelves, the encoders that fit it, and the question in their vectors."""

    group: Group
    encoders: Encoders
    questions: Mapping[Signal, Question]


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

    def domains(self) -> list[str]:
        """Return the domains that can be searched, sorted."""
        return list(self._partitions())

    def search(self, query: Query) -> list[Hit]:
        """Return at most `query.limit` files, best first; raises as `candidates` does."""
        answers = self.candidates(query)
        lists = _merged(answer.lists for answer in answers)
        return hits(lists, self.fused(query, answers), limit=query.limit)

    def fused(self, query: Query, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return every file in the answers to a query, best first."""
        return self.strategy(query.asked, answers)

    def candidates(self, query: Query) -> list[Answer]:
        """Return the points that each asked signal finds, apart for each set of models.

        All domains answer from the generations that served at one moment; when one of them is
        gone by the time it is asked, the search starts again. Raises NotFoundError for a domain
        that is not indexed, CollectionBusyError, and CollectionMismatchError for a domain whose
        models cannot be had.
        """
        domains = _chosen(query.domains, self._open_to(query))
        for _ in range(TRIES - 1):
            with suppress(NotFoundError):
                return self._candidates(query, domains)
        return self._candidates(query, domains)

    def _candidates(self, query: Query, domains: Sequence[str]) -> list[Answer]:
        asked = self._encoded(query, self._shelves(domains))
        with ThreadPoolExecutor(READERS) as threads:
            found = [
                threads.map(partial(self._answer, one.questions, query), one.group.shelves)
                for one in asked
            ]
            return [
                Answer(one.encoders, _best([dict.fromkeys(one.questions, ()), *lists], query.depth))
                for one, lists in zip(asked, found, strict=True)
            ]

    def _open_to(self, query: Query) -> list[str]:
        """Return the domains that this query may ask."""
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
            Shelf(domain, name, _layout(domain, name, layouts))
            for domain in domains
            for name in served.get(domain, {"": collection_name(self.prefix, domain)}).values()
        ]

    def _encoded(self, query: Query, shelves: Sequence[Shelf]) -> list[_Asked]:
        """Encode what the query asks and at least one shelf holds, with nothing open."""
        asked = []
        for group in grouped(shelves, _signals(query, shelves)):
            encoders = fitting(group, self.encoders, self.reopen)
            signals = [signal for signal in SIGNALS if signal in group.cards]
            own = questions(query.text, query.image, signals=signals, encoders=encoders)
            asked.append(_Asked(group, encoders, own))
        return asked

    def _answer(
        self, asked: Mapping[Signal, Question], query: Query, shelf: Shelf
    ) -> dict[Signal, list[Found]]:
        """Ask one collection, once it is open and sure to hold what the question is made for."""
        with self.store.reader(shelf.collection) as reader:
            _check_unchanged(shelf, self.store.layouts())
            return {
                signal: [
                    Found(shelf.domain, candidate, shelf.collection)
                    for candidate in reader.query(
                        signal, asked[signal], limit=query.depth, where=query.where
                    )
                ]
                for signal in shelf.held.intersection(asked)
            }


def best_of(found: Iterable[Found], depth: int) -> list[Found]:
    """Return the `depth` best candidates of each domain: as many as it has without shards."""
    ranked = sorted(found, key=lambda one: (-one.candidate.score, one.candidate.point_id))
    seen: Counter[str] = Counter()
    best = []
    for one in ranked:
        seen[one.domain] += 1
        best += [one] if seen[one.domain] <= depth else []
    return best


def _layout(domain: str, collection: str, layouts: Mapping[str, Layout]) -> Layout:
    layout = layouts.get(collection)
    if layout is None:
        raise NotFoundError(
            f"domain {domain!r} is served by collection {collection!r}, which is "
            "gone; search again, and if that does not help index the domain"
        )
    return layout


def _check_unchanged(shelf: Shelf, layouts: Mapping[str, Layout]) -> None:
    """Raise NotFoundError when the name stands for a collection of other models by now."""
    if not _layout(shelf.domain, shelf.collection, layouts).encodes_as(shelf.layout):
        raise NotFoundError(
            f"collection {shelf.collection!r} of domain {shelf.domain!r} was replaced by one of "
            "other models, again and again, while it was asked; search again"
        )


def _best(lists: Iterable[Lists], depth: int) -> dict[Signal, list[Found]]:
    return {signal: best_of(found, depth) for signal, found in _merged(lists).items()}


def _merged(lists: Iterable[Lists]) -> dict[Signal, list[Found]]:
    merged: dict[Signal, list[Found]] = {}
    for own in lists:
        for signal, found in own.items():
            merged.setdefault(signal, []).extend(found)
    return merged


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
    wanted = askable(query.text, query.image, query.kinds)
    held = {signal for shelf in shelves for signal in shelf.held}
    signals = tuple(s for s in SIGNALS if s in wanted and s in held)
    if wanted and not signals:
        raise CollectionMismatchError(
            f"the query asks {', '.join(wanted)}, but {', '.join(s.domain for s in shelves)} "
            f"hold only {', '.join(sorted(held)) or 'no vectors'}; index with those encoders"
        )
    return signals
