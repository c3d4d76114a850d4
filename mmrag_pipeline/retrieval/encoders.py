"""Which encoders ask a collection: those whose cards filled it, today's or others, or none."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mmrag_pipeline.errors import CollectionMismatchError, MmragError
from mmrag_pipeline.model_ports import Model
from mmrag_pipeline.records import Layout, Signal
from mmrag_pipeline.retrieval.shelves import Group
from mmrag_pipeline.retrieval.signals import Encoders

Reopen = Callable[[Layout], Iterable[Encoders]]
"""The encoders that may have filled a collection, likeliest first; raises MmragError."""
_LONGEST = 400
"""Characters of one reason: what a collection says of itself may be of any length."""
_SHOWN = 6
M = TypeVar("M", bound=Model)


def no_others(layout: Layout) -> Iterable[Encoders]:
    """Return no encoders besides those of today."""
    return ()


@dataclass(slots=True)
class _Reasons:
    """Why no model could be had, each once, and the first error among them."""

    told: dict[str, None] = field(default_factory=dict)
    error: Exception | None = None

    def add(self, reason: str | Exception) -> None:
        self.told[f"{reason!s:.{_LONGEST}}".rstrip(".")] = None
        if isinstance(reason, Exception):
            self.error = self.error or reason


def fitting(group: Group, today: Encoders, reopen: Reopen) -> Encoders:
    """Return encoders whose cards are those that filled a group's vectors.

    What the collections were made with is looked at first: for a query nobody loads the model of
    today that no collection has yet. Of a signal that is not asked any will do. Raises
    CollectionMismatchError, naming domains, card, what was tried and what to do: vectors of two
    models are never compared.
    """

    def fit(part: Callable[[Encoders], M], *signals: Signal) -> M:
        asked = {signal: group.cards[signal] for signal in signals if signal in group.cards}
        reasons = _Reasons()
        engines = map(part, _ways(group, today, reopen, reasons))
        engine = _fit(engines, set(asked.values()), reasons)
        if engine is None:
            raise _refused(group, asked, reasons) from reasons.error
        return engine

    return Encoders(
        fit(lambda encoders: encoders.image_text, "image", "image_text"),
        fit(lambda encoders: encoders.text, "text"),
        fit(lambda encoders: encoders.sparse, "bm25"),
    )


def _ways(group: Group, today: Encoders, reopen: Reopen, reasons: _Reasons) -> Iterator[Encoders]:
    for layout in group.layouts:
        try:
            yield from reopen(layout)
        except MmragError as error:
            reasons.add(error)
    yield today


def _fit(engines: Iterable[M], cards: set[str], reasons: _Reasons) -> M | None:
    """Return the first engine that has all of these cards; each is looked at once."""
    looked: list[M] = []
    for engine in engines:
        if not cards:
            return engine
        if any(engine is one for one in looked):
            continue
        looked.append(engine)
        try:
            card = engine.card
        except (MmragError, OSError, RuntimeError, ValueError) as error:
            # the name comes from a collection: of a path, say, that no system would take
            reasons.add(error)
            continue
        if cards == {card.fingerprint}:
            return engine
        reasons.add(f"{card.name} ({card.precision}) is card {card.fingerprint}")
    return None


def _refused(group: Group, asked: Mapping[Signal, str], reasons: _Reasons) -> Exception:
    names = ", ".join(repr(shelf.domain) for shelf in group.shelves[:_SHOWN])
    others = len(group.shelves) - _SHOWN
    names += f" and {others} more" if others > 0 else ""
    vectors = " and ".join(f"{signal!r} vectors of card {card}" for signal, card in asked.items())
    made = " or ".join(_made_with(layout) for layout in group.layouts[:_SHOWN])
    return CollectionMismatchError(
        f"no model here is the one that filled domain {names}, made with {made}: it holds "
        f"{vectors}, but {'; '.join(reasons.told)}. Let that model be had again, or index with "
        "the settings of now (`mmrag index`); `--domain` searches others meanwhile"
    )


def _made_with(layout: Layout) -> str:
    """Return the settings that a collection was made with, in words of bounded length."""
    named = list(layout.made_with.items())[:_SHOWN]
    return ", ".join(f"{name:.40}={value!r:.100}" for name, value in named) or "unknown settings"
