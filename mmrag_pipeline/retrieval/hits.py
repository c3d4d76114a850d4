"""Ranked files as people see them: the best point of each, and why it is there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from mmrag_pipeline.records import Box, PointKind, Signal
from mmrag_pipeline.retrieval.fusion import Change, FileId, FusedFile, Share, file_of
from mmrag_pipeline.retrieval.signals import Found, Lists

ALSO = 5
"""Other points listed with a hit: enough to see why, short enough to read."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something was found; the box is in page pixels."""

    point_id: str
    page_no: int
    kind: PointKind
    box: Box | None
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One file that answers, its best place first; ranks count from 1."""

    rank: int
    score: float
    domain: str
    key: str
    place: Place
    also: tuple[Place, ...]
    signals: Mapping[Signal, Share]
    collection: str
    """The generation that answered."""
    derived: str = ""
    """Words that models found in the query's picture, with which texts were asked."""
    refined: Mapping[str, Change] = field(default_factory=dict)
    """What each refinement did to it."""
    copies: tuple[FileId, ...] = ()
    """Files of the same content that it stands for."""

    def as_json(self) -> dict[str, object]:
        """Return the hit as `mmrag search --json` prints it."""
        after = {
            "refined": {name: dict(change) for name, change in self.refined.items()},
            "copies": ["/".join(file) for file in self.copies],
        }
        return {
            "rank": self.rank,
            "score": self.score,
            "domain": self.domain,
            "key": self.key,
            "collection": self.collection,
            **_place_json(self.place),
            "signals": {signal: share.as_json() for signal, share in self.signals.items()},
            "also": [_place_json(place) for place in self.also],
            "derived": self.derived,
            **{name: told for name, told in after.items() if told},
        }


def hits(lists: Lists, fused: Sequence[FusedFile], *, limit: int) -> list[Hit]:
    """Return the first `limit` files with their places, in the order of `fused`.

    The best place of a file is the best point of the signal that contributed most to it.
    """
    wanted = {file.file for file in fused[:limit]}
    places = _ranked_points(lists, wanted)
    return [_hit(file, places[file.file], rank) for rank, file in enumerate(fused[:limit], start=1)]


def _hit(file: FusedFile, points: Mapping[Signal, Sequence[Found]], rank: int) -> Hit:
    strongest = sorted(points, key=lambda s: (-_contribution(file, s), s))
    firsts = [points[signal][0] for signal in strongest]
    others = [found for signal in strongest for found in points[signal][1:]]
    places = list({f.candidate.point_id: place_of(f) for f in [*firsts, *others]}.values())
    return Hit(
        rank,
        file.score,
        *file.file,
        place=places[0],
        also=tuple(places[1 : ALSO + 1]),
        signals=file.shares,
        collection=firsts[0].collection,
        refined=file.changes,
        copies=file.copies,
    )


def _contribution(file: FusedFile, signal: Signal) -> float:
    """Return what a signal adds to a file: nothing where the strategy does not listen to it."""
    return file.shares[signal].contribution if signal in file.shares else 0.0


def _ranked_points(lists: Lists, wanted: set[FileId]) -> dict[FileId, dict[Signal, list[Found]]]:
    """Return the points of each wanted file by signal, best first."""
    points: dict[FileId, dict[Signal, list[Found]]] = {}
    for signal, found in lists.items():
        for one in sorted((f for f in found if file_of(f) in wanted), key=_best_first):
            points.setdefault(file_of(one), {}).setdefault(signal, []).append(one)
    return points


def _best_first(found: Found) -> tuple[float, str]:
    return -found.candidate.score, found.candidate.point_id


def place_of(found: Found) -> Place:
    """Return where a point lies, from its payload."""
    payload = found.candidate.payload
    corners = cast("Iterable[int] | None", payload.get("box"))
    return Place(
        point_id=found.candidate.point_id,
        page_no=int(str(payload.get("page_no") or 1)),
        kind=cast(PointKind, str(payload.get("kind"))),
        box=Box(*corners) if corners else None,
        text=str(payload.get("text") or ""),
    )


def _place_json(place: Place) -> dict[str, object]:
    box = place.box
    return {
        "page": place.page_no,
        "kind": place.kind,
        "box": [box.left, box.top, box.right, box.bottom] if box else None,
        "text": place.text,
        "point_id": place.point_id,
    }
