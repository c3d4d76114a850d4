"""Ranked files to show, without an index."""

from collections.abc import Mapping

from mmrag_pipeline.api.hits import Hits
from mmrag_pipeline.api.pictures import Pictures, Read
from mmrag_pipeline.records import Box, PointKind, Signal
from mmrag_pipeline.retrieval.fusion import Share
from mmrag_pipeline.retrieval.hits import Hit, Place

SHARES: Mapping[Signal, Share] = {"bm25": Share(1, 4.5, 3.0), "text": Share(2, 0.5, 1.0)}


def ranked(
    rank: int = 1,
    *,
    key: str = "a.png",
    kind: PointKind = "ocr",
    text: str = "words",
    signals: Mapping[Signal, Share] = SHARES,
) -> Hit:
    """Return a file that was found."""
    place = Place(f"point-{rank}", 1, kind, Box(1, 2, 30, 40), text)
    score = sum(share.contribution for share in signals.values())
    return Hit(rank, score, "d", key, place, (), signals, "c__g1")


def hits(*found: Hit, title: str = "asked", read: Read | None = None) -> Hits:
    """Return hits as a search gives them; without `read` none has a picture."""
    return Hits.of(title, found, Pictures(read or (lambda some: [None] * len(some))))
