"""What an answer may be made from: the pages that a search found, within a token budget."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from typing import Protocol

from mmrag_pipeline.answer_records import Evidence, Passage
from mmrag_pipeline.records import Box, Line, PointKind
from mmrag_pipeline.retrieval.hits import Hit, Place
from mmrag_pipeline.retrieval.passages import lines_of, passages
from mmrag_pipeline.retrieval.signals import TEXT_KINDS

PICTURE_TOKENS = 765
"""What a picture counts for: four tiles of 170 tokens and 85 more, as OpenAI counts 768 pixels."""
Count = Callable[[str], int]
"""Tokens of a text."""


class Pages(Protocol):
    """What pages of files hold, beside what was found on them."""

    def lines(self, hit: Hit, page_no: int) -> Sequence[Line]:
        """Return the lines of a page in reading order; none where they are not known."""
        ...

    def picture(self, hit: Hit, page_no: int, box: Box | None) -> bytes | None:
        """Return a JPEG of a box of a page, or of the page; None where it cannot be shown."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """How much evidence an answerer gets."""

    tokens: int
    pictures: int = 0


@dataclass(slots=True)
class _Left:
    tokens: int
    pictures: int
    count: Count

    def take(self, found: Sequence[Passage]) -> tuple[Passage, ...]:
        """Return the passages from the first on that fit, whole ones only."""
        kept = []
        for passage in found:
            cost = self.count(passage.text)
            if cost > self.tokens:
                break
            self.tokens -= cost
            kept.append(passage)
        return tuple(kept)

    def affords_picture(self) -> bool:
        """Return whether one more picture may be shown, and count it."""
        fits = self.pictures > 0 and self.tokens >= PICTURE_TOKENS
        self.tokens -= PICTURE_TOKENS * fits
        self.pictures -= fits
        return fits


def choose(hits: Sequence[Hit], pages: Pages, budget: Budget, count: Count) -> list[Evidence]:
    """Return evidence of the best files first, E1, E2, ..., as much as the budget allows.

    One page of a file is one item per kind of text, its places merged, so that no passage is
    there twice; a file that says what a better one says already is left out. The first item of a
    file shows its picture, while there are pictures left. Only what was found is shown: where a
    hit's text is not among the page's lines, it stands for itself.
    """
    left = _Left(budget.tokens, budget.pictures, count)
    chosen: list[Evidence] = []
    said: set[str] = set()
    for hit in hits:
        for item in _items(hit, pages, left, said):
            chosen.append(replace(item, evidence_id=f"E{len(chosen) + 1}"))
    return chosen


def _items(hit: Hit, pages: Pages, left: _Left, said: set[str]) -> Iterator[Evidence]:
    pictured = False
    for (page_no, kind), places in _by_page(hit):
        found = _passages(hit, places, pages) if kind in TEXT_KINDS else []
        text = "\n".join(passage.text for passage in found)
        kept = () if text in said else left.take(found)
        said |= {text} if text else set()
        if kind in TEXT_KINDS and not kept:
            continue
        box = _box(kept, places)
        jpeg = None
        if not pictured and left.affords_picture():
            jpeg = pages.picture(hit, page_no, box)
            pictured = jpeg is not None
        if kept or jpeg:
            yield Evidence("", hit.domain, hit.key, page_no, kind, box, kept, jpeg)


def _by_page(hit: Hit) -> Iterator[tuple[tuple[int, PointKind], list[Place]]]:
    """Yield the places of a hit by page and kind, best first; pages and tiles are one kind."""
    order: dict[tuple[int, PointKind], list[Place]] = {}
    for place in (hit.place, *hit.also):
        kind = place.kind if place.kind in TEXT_KINDS else "page"
        order.setdefault((place.page_no, kind), []).append(place)
    yield from order.items()


def _passages(hit: Hit, places: Sequence[Place], pages: Pages) -> list[Passage]:
    """Return the passages of places on one page in reading order, each once."""
    if places[0].kind == "caption":
        return [Passage(place.text, place.box) for place in places if place.text.strip()]
    page = pages.lines(hit, places[0].page_no)
    cut = [lines_of(place.text, page, place.box) for place in places if place.text.strip()]
    at = {id(line): number for number, line in enumerate(page)}
    known = sorted({at[id(line)] for lines in cut for line in lines if id(line) in at})
    runs = groupby(enumerate(known), key=lambda pair: pair[1] - pair[0])
    stretches = [[page[number] for _, number in run] for _, run in runs]
    strange = [[line for line in lines if id(line) not in at] for lines in cut]
    found = [passage for lines in [*stretches, *strange] for passage in passages(lines)]
    return list(dict.fromkeys(found))


def _box(found: Sequence[Passage], places: Sequence[Place]) -> Box | None:
    boxes = [one.box for one in found if one.box]
    return reduce(Box.union, boxes) if boxes else places[0].box
