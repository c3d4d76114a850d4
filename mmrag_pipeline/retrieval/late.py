"""Late fusion: each signal ranks the files alone, and its ranks or scores are added up.

Every signal weighs 1 unless it is given another weight, whatever the query. Where collections
were filled by different models, each model's list is ranked and normalised by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, Share, best_first, best_scores
from mmrag_pipeline.retrieval.normalised import Normalise
from mmrag_pipeline.retrieval.signals import CHEAP, SIGNALS, Answer, Lists

RRF_K = 60.0
"""As Cormack, Clarke and Büttcher chose it; a larger one tells ranks apart less."""
Weights = Mapping[Signal, float]


@dataclass(frozen=True, slots=True)
class ReciprocalRank:
    """Sums weight / (k + rank): reciprocal rank fusion (Cormack et al., SIGIR 2009)."""

    k: float = RRF_K
    weights: Weights = field(default_factory=dict)

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return every found file, best first, equal ones by name."""
        return summed(answers, self._ranks, _weights(asked, self.weights))

    def _ranks(self, scores: Sequence[float]) -> list[float]:
        return [1.0 / (self.k + rank) for rank, _ in enumerate(scores, start=1)]


@dataclass(frozen=True, slots=True)
class ScoreSum:
    """Sums weight times normalised score over the signals that found a file."""

    normalise: Normalise
    weights: Weights = field(default_factory=dict)

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return every found file, best first, equal ones by name."""
        return summed(answers, self.normalise, _weights(asked, self.weights))


def _weights(asked: Asked, weights: Weights) -> Weights:
    """Return what signals count: words derived from a picture less than given ones."""
    return {s: weights.get(s, 1.0) * (asked.said if s in CHEAP else 1.0) for s in SIGNALS}


def summed(
    answers: Sequence[Answer], worth: Callable[[Sequence[float]], list[float]], weights: Weights
) -> list[FusedFile]:
    """Return files by the weighted sum of what their scores, best first, are worth."""
    return best_first(file for answer in answers for file in _summed(answer.lists, worth, weights))


def _summed(
    lists: Lists, worth: Callable[[Sequence[float]], list[float]], weights: Weights
) -> list[FusedFile]:
    shares: dict[FileId, dict[Signal, Share]] = {}
    for signal in SIGNALS:
        best = best_scores(lists.get(signal, ()))
        values = worth(list(best.values())) if best else []
        for rank, (file, value) in enumerate(zip(best, values, strict=True), start=1):
            share = Share(rank, best[file], weights.get(signal, 1.0) * value)
            shares.setdefault(file, {})[signal] = share
    return [FusedFile.of(file, own) for file, own in shares.items()]
