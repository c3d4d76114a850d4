"""Early fusion: one joint vector per page, compared with the one joint vector of the query.

A page's picture and its captions have vectors in one space, that of the image-text encoder, and
so have the words and the picture of a query (signals.py). Their sum, brought to unit length,
stands for the page: its cosine with the query is the mean of both looks, before any ranking.
What has neither picture nor caption is not in that space, and is not ranked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import (
    FileId,
    FusedFile,
    Share,
    best_first,
    best_scores,
    file_of,
)
from mmrag_pipeline.retrieval.signals import Answer, Page, Seen, page_of

JOINED: tuple[Signal, ...] = ("image", "image_text")


@dataclass(frozen=True, slots=True)
class _Joint:
    """A page's file, and what each signal adds to the cosine of its joint vector."""

    file: FileId
    parts: Mapping[Signal, float]

    @property
    def cosine(self) -> float:
        return sum(self.parts.values())


def early(asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
    """Return the files with a page that `image` or `image_text` found, by their best page.

    Every such page is scored exactly, from the vectors that the collections hold. Cosines of
    different models are read as shares of the best that each of them has.
    """
    ranked = [_ranked(answer) for answer in answers]
    alone = sum(map(bool, ranked)) < 2
    return best_first(file for one in ranked for file in (one if alone else _of_the_best(one)))


def _ranked(answer: Answer) -> list[FusedFile]:
    lists = {signal: answer.lists[signal] for signal in JOINED if answer.lists.get(signal)}
    pages = {page_of(found) for found_there in lists.values() for found in found_there}
    if not pages:
        return []
    seen = answer.near(tuple(lists), pages)
    best: dict[FileId, _Joint] = {}
    for joint in _joined(seen, pages):
        held = best.get(joint.file)
        if held is None or _key(joint) > _key(held):
            best[joint.file] = joint
    shares = _shares(seen, best)
    return [FusedFile.of(file, shares[file]) for file in best]


def _key(joint: _Joint) -> tuple[float, float]:
    """Return what the best page of a file has most of, whatever the order of its pages."""
    return joint.cosine, joint.parts.get("image", 0.0)


def _joined(seen: Mapping[Signal, Sequence[Seen]], pages: set[Page]) -> list[_Joint]:
    held: dict[Page, list[tuple[Signal, Seen]]] = {}
    for signal in JOINED:
        for one in sorted(seen.get(signal, ()), key=lambda s: s.found.candidate.point_id):
            held.setdefault(page_of(one.found), []).append((signal, one))
    return [_joint(points) for page, points in sorted(held.items()) if page in pages]


def _joint(points: Sequence[tuple[Signal, Seen]]) -> _Joint:
    total = np.sum([one.vector for _, one in points], axis=0, dtype=np.float64)
    length = float(np.linalg.norm(total)) or 1.0
    parts: dict[Signal, float] = {}
    for signal, one in points:
        parts[signal] = parts.get(signal, 0.0) + one.found.candidate.score / length
    return _Joint(file_of(points[0][1].found), parts)


def _shares(
    seen: Mapping[Signal, Sequence[Seen]], best: Mapping[FileId, _Joint]
) -> dict[FileId, dict[Signal, Share]]:
    """Return file -> signal -> share; ranks count among the pages that were looked at."""
    shares: dict[FileId, dict[Signal, Share]] = {file: {} for file in best}
    for signal in JOINED:
        scores = best_scores(one.found for one in seen.get(signal, ()))
        for rank, (file, score) in enumerate(scores.items(), start=1):
            if file in best and signal in best[file].parts:
                shares[file][signal] = Share(rank, score, best[file].parts[signal])
    return shares


def _of_the_best(files: Sequence[FusedFile]) -> list[FusedFile]:
    top = max((file.score for file in files), default=0.0)
    return [file.scaled(1.0 / top) for file in files] if top > 0.0 else list(files)
