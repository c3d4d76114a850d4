"""Small indexes in memory, and candidate lists made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from mmrag_pipeline.engines.stub import StubImageText, StubText
from mmrag_pipeline.ids import collection_name, file_id, point_ids
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.records import (
    Candidate,
    Layout,
    Pixels,
    PointKind,
    Signal,
    StoredPoint,
    VectorSpace,
)
from mmrag_pipeline.retrieval.query import Searcher
from mmrag_pipeline.retrieval.signals import SIGNALS, Answer, Encoders, Found, Lists
from mmrag_pipeline.stores.memory import MemoryVectors
from mmrag_pipeline.testing.sparse import StubSparse

PREFIX = "test"


def point_id(file: str, page_no: int, kind: str, anchor: str) -> str:
    """Return the id of one point."""
    row = {"file_id": file, "page_no": page_no, "kind": kind, "anchor": anchor}
    return str(point_ids(pl.DataFrame([row])).item())


def found(key: str, score: float, *, domain: str = "shop", **payload: object) -> Found:
    """Return a candidate of a file; the point id follows from all that is given."""
    held = {"key": key, "page_no": 1, "kind": "text", "text": "", "box": None, **payload}
    identity = point_id(file_id(domain, key), 1, str(held["kind"]), f"{score}{payload}")
    return Found(domain, Candidate(identity, score, held))


def one_each(**scores: float) -> list[Found]:
    """Return one candidate per key."""
    return [found(key, score) for key, score in scores.items()]


def answers(*lists: Lists) -> list[Answer]:
    """Return lists as answers, each from models of its own."""
    return [Answer(Shelves().encoders, own) for own in lists]


def picture(seed: int) -> Pixels:
    """Return a small picture."""
    return np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)


@dataclass(slots=True)
class Shelves:
    """A store of collections and the encoders that fill and ask it."""

    store: VectorStore = field(default_factory=MemoryVectors)
    image_text: StubImageText = field(default_factory=StubImageText)
    text: StubText = field(default_factory=StubText)
    sparse: StubSparse = field(default_factory=StubSparse)
    others: tuple[Encoders, ...] = ()
    """What can be opened again besides the encoders of today."""

    @property
    def encoders(self) -> Encoders:
        """Return the encoders together."""
        return Encoders(self.image_text, self.text, self.sparse)

    @property
    def searcher(self) -> Searcher:
        """Return a searcher over the store."""
        return Searcher(self.store, self.encoders, PREFIX, reopen=lambda _: self.others)

    def create(self, domain: str, signals: Sequence[Signal] = SIGNALS) -> None:
        """Create a domain's empty collection and its alias."""
        cards = {signal: self.encoders.card(signal) for signal in signals}
        spaces = [VectorSpace(s, c.dimension, c.fingerprint) for s, c in cards.items()]
        generation = collection_name(PREFIX, domain, 1)
        self.store.create(generation, Layout(tuple(spaces)))
        self.store.move_alias(collection_name(PREFIX, domain), generation)

    def add(self, domain: str, points: Sequence[StoredPoint]) -> None:
        """Write points into a domain's collection."""
        with self.store.writer(collection_name(PREFIX, domain, 1)) as writer:
            writer.upsert(points)

    def fill(self, domain: str, texts: Mapping[str, str], *, kind: PointKind = "text") -> None:
        """Create a domain with one text point per key."""
        self.create(domain)
        self.add(domain, [self.words(domain, key, text, kind) for key, text in texts.items()])

    def words(self, domain: str, key: str, text: str, kind: PointKind = "text") -> StoredPoint:
        """Return a text point, searchable by its exact text and by its words."""
        payload = _payload(domain, key, kind, text)
        identity = point_id(file_id(domain, key), 1, kind, text)
        row = self.text.encode([text])[0]
        return StoredPoint(identity, payload, {"text": row}, self.sparse.document(text))

    def caption(self, domain: str, key: str, text: str) -> StoredPoint:
        """Return a caption point, searchable in the space of pictures, too."""
        point = self.words(domain, key, text, "caption")
        row = self.image_text.encode_texts([text])[0]
        return replace(point, dense={**point.dense, "image_text": row})

    def page(self, domain: str, key: str, pixels: Pixels) -> StoredPoint:
        """Return a picture point."""
        identity = point_id(file_id(domain, key), 1, "page", "0,0,8,8")
        row = self.image_text.encode_images([pixels])[0]
        return StoredPoint(identity, _payload(domain, key, "page", ""), {"image": row})


def _payload(domain: str, key: str, kind: PointKind, text: str) -> dict[str, object]:
    return {
        "domain": domain,
        "key": key,
        "kind": kind,
        "page_no": 1,
        "box": [0, 0, 8, 8],
        "text": text,
        "visibility": ["public"],
    }
