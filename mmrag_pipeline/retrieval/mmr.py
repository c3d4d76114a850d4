"""Diversity: maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

Places are filled one by one with the file that has most of lambda * relevance - (1 - lambda) *
likeness to the file already chosen that it is most like. Relevance is the score as a share of the
range among the files looked at; likeness is a cosine. Both are then at most 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.records import Vectors
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.exact import TOP
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, file_of
from mmrag_pipeline.retrieval.normalised import minmax
from mmrag_pipeline.retrieval.signals import Answer, Seen

NAME = "mmr"
LAMBDA = 0.7
Likeness = npt.NDArray[np.float64]
"""(n, n) cosines of files."""


@dataclass(frozen=True, slots=True)
class Mmr:
    """Fills the first places with files that answer and are not like those before them.

    `weight` is lambda: 1 leaves the ranking as it is, 0 asks for difference only.
    """

    weight: float = LAMBDA
    top: int = TOP

    def __call__(
        self, asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        """Return the files in their new order; scores stay, so they no longer fall throughout."""
        best, rest = ranked[: self.top], ranked[self.top :]
        if len(best) < 2 or self.weight == 1.0:
            return list(ranked)
        relevance = minmax([file.score for file in best])
        order = _chosen(relevance, likeness([file.file for file in best], answers), self.weight)
        return [*(best[n].changed(NAME, {"likeness": like}) for n, like in order), *rest]


def _chosen(relevance: Sequence[float], alike: Likeness, weight: float) -> list[tuple[int, float]]:
    """Return positions in the order of choice, with the likeness to what was chosen before."""
    left, nearest = list(range(len(relevance))), np.zeros(len(relevance))
    order: list[tuple[int, float]] = []
    while left:
        taken = max(left, key=lambda n: (weight * relevance[n] - (1.0 - weight) * nearest[n], -n))
        order.append((taken, float(nearest[taken])))
        left.remove(taken)
        nearest = np.maximum(nearest, alike[taken])
    return order


def likeness(files: Sequence[FileId], answers: Sequence[Answer]) -> Likeness:
    """Return how alike files are: the cosine of their best points for the query, at least 0.

    Two files are as alike as in the space in which they are most alike: photographs in that of
    pictures, copies of a text in that of meanings. What has no space in common is not alike, nor
    are vectors of different models compared.
    """
    alike = np.zeros((len(files), len(files)))
    for answer in answers:
        for seen in answer.again(frozenset(files)).values():
            vectors = _best_vectors(seen)
            held = [n for n, file in enumerate(files) if file in vectors]
            if len(held) > 1:
                rows = np.asarray([vectors[files[n]] for n in held], np.float64)
                there = np.ix_(held, held)
                alike[there] = np.maximum(alike[there], rows @ rows.T)
    return alike


def _best_vectors(seen: Sequence[Seen]) -> Mapping[FileId, Vectors]:
    """Return the vector of each file's best point; points without a vector are left out."""
    ordered = sorted(
        (one for one in seen if one.vector.size),
        key=lambda one: (one.found.candidate.score, one.found.candidate.point_id),
    )
    return {file_of(one.found): one.vector for one in ordered}
