"""A query and the searcher that answers it from one or all domains."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.ports import CollectionReader, VectorStore
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
    """The serving collection of one domain, open for questions."""

    domain: str
    layout: Layout
    reader: CollectionReader


@dataclass(frozen=True, slots=True)
class Session:
    """Open shelves; many queries without opening them again."""

    shelves: tuple[Shelf, ...]
    encoders: Encoders
    threads: ThreadPoolExecutor

    def search(self, query: Query) -> list[Hit]:
        """Return at most `query.limit` files, best first."""
        lists = self.candidates(query)
        return hits(lists, self.fused(query, lists), limit=query.limit)

    def fused(self, query: Query, lists: Lists) -> list[FusedFile]:
        """Return every file in a query's candidate lists, best first."""
        pictured = query.image is not None
        trusted = trust(query.text, lists, pictured=pictured, encoders=self.encoders)
        return fuse(lists, trusted, depth=query.depth)

    def candidates(self, query: Query) -> dict[Signal, list[Found]]:
        """Return the points that each asked signal finds, over all asked domains.

        Raises NotFoundError for a domain that is not open here, CollectionMismatchError when
        a collection holds vectors of another model than the one that asks.
        """
        shelves = self._asked(query.domains)
        signals = _signals(query, shelves)
        fingerprints = {signal: self.encoders.card(signal).fingerprint for signal in signals}
        for shelf in shelves:
            _check_cards(shelf, fingerprints)
        asked = questions(query.text, query.image, signals=signals, encoders=self.encoders)
        answers = self.threads.map(lambda shelf: _answers(shelf, asked, query), shelves)
        merged: dict[Signal, list[Found]] = {signal: [] for signal in asked}
        for answer in answers:
            for signal, found in answer.items():
                merged[signal] += found
        return merged

    def _asked(self, domains: Sequence[str] | None) -> list[Shelf]:
        known = {shelf.domain: shelf for shelf in self.shelves}
        return [known[d] for d in _chosen(domains, list(known))]


@dataclass(frozen=True, slots=True)
class Searcher:
    """Answers queries from the collections that serve (aliases `PREFIX__DOMAIN`)."""

    store: VectorStore
    encoders: Encoders
    prefix: str

    def domains(self) -> list[str]:
        """Return the domains that can be searched, sorted."""
        start = collection_name(self.prefix, "")
        names = (a.removeprefix(start) for a in self.store.aliases() if a.startswith(start))
        return sorted(name for name in names if name and "__" not in name)

    def search(self, query: Query) -> list[Hit]:
        """Return at most `query.limit` files, best first; raises NotFoundError."""
        with self.session(query.domains) as session:
            return session.search(query)

    @contextmanager
    def session(self, domains: Sequence[str] | None = None) -> Iterator[Session]:
        """Open these domains (None: all) for many queries; raises NotFoundError."""
        chosen = _chosen(domains, self.domains())
        layouts, aliases = self.store.layouts(), self.store.aliases()
        with ExitStack() as opened, ThreadPoolExecutor(min(READERS, len(chosen))) as threads:
            shelves = []
            for domain in chosen:
                alias = collection_name(self.prefix, domain)
                reader = opened.enter_context(self.store.reader(alias))
                shelves.append(Shelf(domain, layouts[aliases[alias]], reader))
            yield Session(tuple(shelves), self.encoders, threads)


def _chosen(asked: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Return the asked domains, each once and sorted; None asks all that are known."""
    chosen = sorted(set(known if asked is None else asked))
    unknown = [domain for domain in chosen if domain not in known]
    if unknown or not chosen:
        raise NotFoundError(
            f"no indexed domain {', '.join(map(repr, unknown)) or 'at all'}; "
            f"indexed: {', '.join(known) or 'none'}; run `mmrag index` first"
        )
    return chosen


def _signals(query: Query, shelves: Sequence[Shelf]) -> tuple[Signal, ...]:
    """Return what the query asks and at least one shelf holds."""
    wanted = askable(query.text, query.image, query.kinds)
    held = {space.signal for shelf in shelves for space in shelf.layout.spaces}
    signals = tuple(s for s in SIGNALS if s in wanted and s in held)
    if wanted and not signals:
        raise CollectionMismatchError(
            f"the query asks {', '.join(wanted)}, but {', '.join(s.domain for s in shelves)} "
            f"hold only {', '.join(sorted(held)) or 'no vectors'}; index with those encoders"
        )
    return signals


def _check_cards(shelf: Shelf, fingerprints: Mapping[Signal, str]) -> None:
    """Raise CollectionMismatchError when vectors of two models would be compared."""
    for space in shelf.layout.spaces:
        asking = fingerprints.get(space.signal, space.fingerprint)
        if asking != space.fingerprint:
            raise CollectionMismatchError(
                f"domain {shelf.domain!r} holds {space.signal!r} vectors of the model card "
                f"{space.fingerprint}, but the query is encoded by card {asking}; search with "
                "the model that filled it, or index the domain again"
            )


def _answers(
    shelf: Shelf, asked: Mapping[Signal, Question], query: Query
) -> dict[Signal, list[Found]]:
    held = {space.signal for space in shelf.layout.spaces}
    return {
        signal: [
            Found(shelf.domain, candidate)
            for candidate in shelf.reader.query(
                signal, vector, limit=query.depth, where=query.where
            )
        ]
        for signal, vector in asked.items()
        if signal in held
    }
