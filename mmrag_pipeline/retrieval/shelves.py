"""The collections that a query asks, in groups that one question can be put to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.ports import CollectionReader, Served
from mmrag_pipeline.records import Layout, Signal


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection that serves a domain, and what it holds."""

    domain: str
    collection: str
    layout: Layout

    @property
    def held(self) -> set[Signal]:
        """Return the signals that it has vectors of."""
        return {space.signal for space in self.layout.spaces}

    def cards(self, signals: Collection[Signal]) -> dict[Signal, str]:
        """Return which card filled each of these signals that it holds, by fingerprint."""
        return {s.signal: s.fingerprint for s in self.layout.spaces if s.signal in signals}


@dataclass(frozen=True, slots=True)
class Group:
    """Shelves that the same models filled, as far as they are asked: one question asks them all."""

    shelves: tuple[Shelf, ...]
    cards: Mapping[Signal, str]
    """Asked signal that at least one of them holds -> fingerprint."""

    @property
    def layouts(self) -> list[Layout]:
        """Return the layouts that name different models as those they were made with."""
        made = {tuple(sorted(s.layout.made_with.items())): s.layout for s in self.shelves}
        return list(made.values())


def grouped(shelves: Sequence[Shelf], signals: Collection[Signal]) -> list[Group]:
    """Return shelves in groups, such that none has vectors of two models of one signal."""
    groups: list[Group] = []
    for shelf in shelves:
        cards = shelf.cards(signals)
        for place, group in enumerate(groups):
            if all(group.cards.get(signal, card) == card for signal, card in cards.items()):
                groups[place] = Group((*group.shelves, shelf), {**group.cards, **cards})
                break
        else:
            groups.append(Group((shelf,), cards))
    return groups


def layout_of(domain: str, collection: str, layouts: Mapping[str, Layout]) -> Layout:
    """Return the layout of a collection that serves a domain; raises NotFoundError."""
    layout = layouts.get(collection)
    if layout is None:
        raise NotFoundError(
            f"domain {domain!r} is served by collection {collection!r}, which is "
            "gone; search again, and if that does not help index the domain"
        )
    return layout


@contextmanager
def opened(store: Served, shelf: Shelf) -> Iterator[CollectionReader]:
    """Open a shelf for questions, sure to hold what they are made for.

    Raises CollectionBusyError, and NotFoundError when the name stands for a collection of other
    models by now.
    """
    with store.reader(shelf.collection) as reader:
        now = layout_of(shelf.domain, shelf.collection, store.layouts())
        if not now.encodes_as(shelf.layout):
            raise NotFoundError(
                f"collection {shelf.collection!r} of domain {shelf.domain!r} was replaced by one "
                "of other models, again and again, while it was asked; search again"
            )
        yield reader
