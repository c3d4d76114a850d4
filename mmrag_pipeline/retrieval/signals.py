"""What a query asks of the index: one vector per signal, each encoder called once."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmrag_pipeline.model_ports import ImageTextEncoder, SparseEncoder, TextEncoder
from mmrag_pipeline.records import (
    Candidate,
    Card,
    Pixels,
    PointKind,
    Signal,
    SparseVector,
    Vectors,
)

SIGNALS: tuple[Signal, ...] = ("image", "text", "image_text", "bm25")
CHEAP: frozenset[Signal] = frozenset(("text", "bm25"))
"""Those that compare with texts."""
PICTURED: frozenset[Signal] = frozenset(("image", "image_text"))
"""Those that take the image-text encoder."""
TEXT_KINDS: frozenset[PointKind] = frozenset(("text", "ocr", "caption"))
KINDS: Mapping[Signal, frozenset[PointKind]] = {
    "image": frozenset(("page", "tile")),
    "text": TEXT_KINDS,
    "image_text": frozenset(("caption",)),
    "bm25": TEXT_KINDS,
}
"""Which kinds of points hold the vectors of a signal."""
Question = Vectors | SparseVector


@dataclass(frozen=True, slots=True)
class Found:
    """One point as one signal found it, and the domain and collection it was found in."""

    domain: str
    candidate: Candidate
    collection: str = ""


Lists = Mapping[Signal, Sequence[Found]]
Page = tuple[str, str, int]
"""Domain, key and page number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A point with its score for the query, and its vector of one signal."""

    found: Found
    vector: Vectors


Near = Callable[[Sequence[Signal], Collection[Page]], Mapping[Signal, Sequence[Seen]]]
"""Asks the collections of an answer again: the points that stand for the whole of these pages."""


def nothing_near(
    signals: Sequence[Signal], pages: Collection[Page]
) -> Mapping[Signal, Sequence[Seen]]:
    """Return nothing: the collections of an answer that came without them cannot be asked."""
    return {}


Again = Callable[[Collection[tuple[str, str]]], Mapping[Signal, Sequence[Seen]]]
"""Asks the collections of an answer again: the best points of these files (domain and key) by each
signal, scored by their full vectors. A point of `bm25` comes with an empty vector."""


def nothing_again(files: Collection[tuple[str, str]]) -> Mapping[Signal, Sequence[Seen]]:
    """Return nothing: the collections of an answer that came without them cannot be asked."""
    return {}


@dataclass(frozen=True, slots=True)
class Encoders:
    """What turns a query into vectors."""

    image_text: ImageTextEncoder
    text: TextEncoder
    sparse: SparseEncoder

    def card(self, signal: Signal) -> Card:
        """Return the card of the encoder that asks a signal."""
        cards: Mapping[Signal, Callable[[], Card]] = {
            "image": lambda: self.image_text.card,
            "image_text": lambda: self.image_text.card,
            "text": lambda: self.text.card,
            "bm25": lambda: self.sparse.card,
        }
        return cards[signal]()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the collections say that the same models filled; and those models."""

    encoders: Encoders
    lists: Lists
    near: Near = nothing_near
    again: Again = nothing_again
    questions: Mapping[Signal, Question] = field(default_factory=dict)
    """What the signals were asked."""

    def joined(self, other: "Answer") -> "Answer":
        """Return the answer with what the same collections said to other signals."""

        def again(files: Collection[tuple[str, str]]) -> Mapping[Signal, Sequence[Seen]]:
            return {**self.again(files), **other.again(files)}

        return Answer(
            self.encoders,
            {**self.lists, **other.lists},
            self.near,
            again,
            {**self.questions, **other.questions},
        )


def page_of(found: Found) -> Page:
    """Return on which page a point lies."""
    payload = found.candidate.payload
    return found.domain, str(payload["key"]), int(str(payload.get("page_no") or 1))


def merged(lists: Iterable[Lists]) -> dict[Signal, list[Found]]:
    """Return the points of several sets of lists together, by signal."""
    together: dict[Signal, list[Found]] = {}
    for own in lists:
        for signal, found in own.items():
            together.setdefault(signal, []).extend(found)
    return together


def askable(
    text: str, image: Pixels | None, kinds: Sequence[PointKind] | None
) -> tuple[Signal, ...]:
    """Return the signals that a query can ask, in SIGNALS' order.

    Words ask all four; a picture alone asks `image` and `image_text`. A kind filter drops
    the signals whose points it leaves out.
    """
    by_words = bool(text.strip())
    return tuple(
        signal
        for signal in SIGNALS
        if (by_words or (image is not None and signal in ("image", "image_text")))
        and (kinds is None or KINDS[signal].intersection(kinds))
    )


def questions(
    text: str,
    image: Pixels | None,
    *,
    signals: Sequence[Signal],
    encoders: Encoders,
    derived: str = "",
) -> dict[Signal, Question]:
    """Return the vector of each signal, every encoder called at most once.

    Without words of its own it asks texts with `derived` ones. Words without a single index
    term ask nothing of `bm25`: it is left out.
    """
    asked: dict[Signal, Question] = {}
    words = text if text.strip() else derived
    if "image" in signals or "image_text" in signals:
        vector = _image_text(text, image, encoders.image_text)
        asked |= {s: vector for s in signals if s in ("image", "image_text")}
    if "text" in signals:
        asked["text"] = encoders.text.encode([words])[0]
    if "bm25" in signals:
        sparse = encoders.sparse.query(words)
        asked |= {"bm25": sparse} if sparse.indices else {}
    return asked


def _image_text(text: str, image: Pixels | None, encoder: ImageTextEncoder) -> Vectors:
    """Return the (dimension,) vector of words, of a picture, or the middle of both."""
    rows = []
    if image is not None:
        rows.append(encoder.encode_images([image])[0])
    if text.strip():
        rows.append(encoder.encode_texts([text])[0])
    middle = np.sum(rows, axis=0, dtype=np.float32)
    length = np.linalg.norm(middle)
    return np.asarray(middle / length if length else rows[0], dtype=np.float32)
