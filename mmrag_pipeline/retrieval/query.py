"""A query and the searcher that answers it from one or all domains."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.ports import Aliases, VectorStore
from mmrag_pipeline.records import Layout, Pixels, PointKind, Signal, Where
from mmrag_pipeline.retrieval.fusion import FusedFile, fuse
from mmrag_pipeline.retrieval.hits import Hit, hits
from mmrag_pipeline.retrieval.signals import (
    SIGNALS,
    Encoders,
    Found,
    Lists,
    Question,
    askable,
    questions,
)
from mmrag_pipeline.retrieval.trust import trust

DEPTH = 150
"""Points per signal and domain: a file is many points, and the tail is the background that
the peaks are measured against."""
POINTS_PER_FILE = 10
READERS = 8
"""Collections asked at the same time."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: words, a picture or both; None restricts nothing; `limit` counts files."""

    text: str = ""
    image: Pixels | None = None
    domains: tuple[str, ...] | None = None
    kinds: tuple[PointKind, ...] | None = None
    visibility: tuple[str, ...] | None = None
    limit: int = 10

    @property
    def where(self) -> Where:
        """Return the filter that the index applies."""
        return Where(kinds=self.kinds, visibility=self.visibility)

    @property
    def depth(self) -> int:
        """Return how many points to take from each signal."""
        return max(DEPTH, POINTS_PER_FILE * self.limit)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The collection that serves one domain, and what it holds."""

    domain: str
    layout: Layout


def serving(store: Aliases, prefix: str) -> dict[str, str]:
    """Return domain -> the collection behind its alias, sorted by domain."""
    start = collection_name(prefix, "")
    led = {a.removeprefix(start): c for a, c in store.aliases().items() if a.startswith(start)}
    return {name: led[name] for name in sorted(led) if name and "__" not in name}


@dataclass(frozen=True, slots=True)
class Searcher:
    """Answers queries from the collections that serve (aliases `PREFIX__DOMAIN`).

    A collection is open only while it is asked: never while a model loads or a picture is
    read, because nobody else can open an embedded collection meanwhile.
    """

    store: VectorStore
    encoders: Encoders
    prefix: str

    def domains(self) -> list[str]:
        """Return the domains that can be searched, sorted."""
        return list(serving(self.store, self.prefix))

    def search(self, query: Query) -> list[Hit]:
        """Return at most `query.limit` files, best first; raises as `candidates` does."""
        lists = self.candidates(query)
        return hits(lists, self.fused(query, lists), limit=query.limit)

    def fused(self, query: Query, lists: Lists) -> list[FusedFile]:
        """Return every file in a query's candidate lists, best first."""
        pictured = query.image is not None
        trusted = trust(query.text, lists, pictured=pictured, encoders=self.encoders)
        return fuse(lists, trusted, depth=query.depth)

    def candidates(self, query: Query) -> dict[Signal, list[Found]]:
        """Return the points that each asked signal finds, over all asked domains.

        Raises NotFoundError for a domain that is not indexed, CollectionBusyError, and
        CollectionMismatchError for vectors of another model than the one that asks.
        """
        domains = _chosen(query.domains, self.domains())
        try:
            return self._candidates(query, domains)
        except NotFoundError:  # a generation was dropped after its alias was read: look again
            return self._candidates(query, domains)

    def _candidates(self, query: Query, domains: Sequence[str]) -> dict[Signal, list[Found]]:
        asked = self._encoded(query, domains)
        merged: dict[Signal, list[Found]] = {signal: [] for signal in asked}
        with ThreadPoolExecutor(min(READERS, len(domains))) as threads:
            for answer in threads.map(lambda d: self._answers(d, asked, query), domains):
                for signal, found in answer.items():
                    merged[signal] += found
        return merged

    def _encoded(self, query: Query, domains: Sequence[str]) -> dict[Signal, Question]:
        """Encode what the query asks and at least one domain holds, with nothing open."""
        serving = {domain: self._serving(domain) for domain in domains}
        layouts = self.store.layouts()
        shelves = [_shelf(domain, name, layouts) for domain, name in serving.items()]
        signals = _signals(query, shelves)
        for shelf in shelves:
            _check_cards(shelf, signals, self.encoders)
        return questions(query.text, query.image, signals=signals, encoders=self.encoders)

    def _answers(
        self, domain: str, asked: Mapping[Signal, Question], query: Query
    ) -> dict[Signal, list[Found]]:
        """Ask one domain; the layout is read of the very collection that is open."""
        name = self._serving(domain)
        with self.store.reader(name) as reader:
            shelf = _shelf(domain, name, self.store.layouts())
            _check_cards(shelf, list(asked), self.encoders)
            return {
                signal: [
                    Found(domain, candidate)
                    for candidate in reader.query(
                        signal, asked[signal], limit=query.depth, where=query.where
                    )
                ]
                for signal in _held(shelf).intersection(asked)
            }

    def _serving(self, domain: str) -> str:
        """Return the collection behind a domain's alias, or the alias when it has gone."""
        alias = collection_name(self.prefix, domain)
        return self.store.aliases().get(alias, alias)


def _shelf(domain: str, collection: str, layouts: Mapping[str, Layout]) -> Shelf:
    layout = layouts.get(collection)
    if layout is None:
        raise NotFoundError(
            f"domain {domain!r} is served by collection {collection!r}, which is gone; "
            "search again, and if that does not help index the domain"
        )
    return Shelf(domain, layout)


def _held(shelf: Shelf) -> set[Signal]:
    return {space.signal for space in shelf.layout.spaces}


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
    held = {signal for shelf in shelves for signal in _held(shelf)}
    signals = tuple(s for s in SIGNALS if s in wanted and s in held)
    if wanted and not signals:
        raise CollectionMismatchError(
            f"the query asks {', '.join(wanted)}, but {', '.join(s.domain for s in shelves)} "
            f"hold only {', '.join(sorted(held)) or 'no vectors'}; index with those encoders"
        )
    return signals


def _check_cards(shelf: Shelf, signals: Sequence[Signal], encoders: Encoders) -> None:
    """Raise CollectionMismatchError when vectors of two models would be compared."""
    for space in shelf.layout.spaces:
        if space.signal not in signals:
            continue
        asking = encoders.card(space.signal).fingerprint
        if asking != space.fingerprint:
            raise CollectionMismatchError(
                f"domain {shelf.domain!r} holds {space.signal!r} vectors of the model card "
                f"{space.fingerprint}, but the query is encoded by card {asking}; search with "
                "the model that filled it, or index the domain again"
            )
