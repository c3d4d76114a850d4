"""A second judge's word on the files on top, blended with the score that brought them there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mmrag_pipeline.retrieval.fusion import FileId, FusedFile
from mmrag_pipeline.retrieval.normalised import minmax

RERANK_TOP = 20
"""Files that a model looks at, by default: each costs a second or a part of it."""
WEIGHT = 0.5


def reranked(
    name: str, top: Sequence[FusedFile], judged: Mapping[FileId, float], *, weight: float
) -> list[FusedFile]:
    """Return the files on top by (1 - weight) * their own share + weight * the judge's.

    A share is a place in the range from the lowest to the highest score, of the files on top for
    their own, of those that were judged for the judge's. The new score is as far up in the range
    of the files' own scores, so that none falls below those that were not looked at. A file that
    was not judged keeps its score; equal ones keep their order.
    """
    scores = [file.score for file in top]
    if not judged or not scores:
        return list(top)
    low, height = min(scores), max(scores) - min(scores)
    opinion = dict(zip(judged, minmax(list(judged.values())), strict=True))
    placed: list[tuple[float, FusedFile]] = []
    for file, own in zip(top, minmax(scores), strict=True):
        if file.file not in judged:
            placed.append((own, file))
            continue
        share = (1.0 - weight) * own + weight * opinion[file.file]
        again = replace(file, score=low + height * share)
        placed.append((share, again.changed(name, {"judged": judged[file.file]})))
    return [file for _, file in sorted(placed, key=lambda one: -one[0])]
