"""Points of chosen pages with their vectors and scores: what early fusion joins."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import PointKind, Signal, Where
from mmrag_pipeline.retrieval.shelves import Shelf
from mmrag_pipeline.retrieval.signals import Found, Page, Question, Seen

WHOLE: tuple[PointKind, ...] = ("page", "caption")
"""Kinds of points that stand for a whole page."""
MOST = 10_000
"""Points of one signal that are taken from one collection."""


def page_of(found: Found) -> Page:
    """Return on which page a point lies."""
    payload = found.candidate.payload
    return found.domain, str(payload["key"]), int(str(payload.get("page_no") or 1))


def whole_pages(where: Where, domain: str, pages: Collection[Page]) -> Where:
    """Return the filter of a query narrowed to the whole-page points of a domain's pages."""
    return replace(
        where,
        kinds=tuple(kind for kind in WHOLE if where.kinds is None or kind in where.kinds),
        keys=tuple(sorted({key for name, key, _ in pages if name == domain})),
        pages=tuple(sorted({page_no for name, _, page_no in pages if name == domain})),
    )


def seen_in(
    reader: CollectionReader,
    questions: Mapping[Signal, Question],
    *,
    shelf: Shelf,
    where: Where,
) -> dict[Signal, list[Seen]]:
    """Return the points of an open shelf that a filter lets through, with scores and vectors."""
    seen: dict[Signal, list[Seen]] = defaultdict(list)
    for signal, question in questions.items():
        scored = {c.point_id: c for c in reader.query(signal, question, limit=MOST, where=where)}
        for point in reader.fetch(list(scored), vectors=True):
            found = Found(shelf.domain, scored[point.point_id], shelf.collection)
            if signal in point.dense:
                seen[signal].append(Seen(found, point.dense[signal]))
    return dict(seen)
