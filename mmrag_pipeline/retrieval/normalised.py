"""Scores of one signal for one query on a scale that other signals share.

Each takes the best scores of the files that a signal found and returns them in the same order,
the lowest never below 0: what a file counts that the signal did not find. A list of equal scores
has no spread to divide by; what stands for it there is told with each.
"""

from collections.abc import Callable, Sequence
from statistics import fmean, pstdev, stdev

Normalise = Callable[[Sequence[float]], list[float]]
_SIGMAS = 3.0


def minmax(scores: Sequence[float]) -> list[float]:
    """Return (score - lowest) / (highest - lowest), in 0..1; equal scores are 1 (Lee 1997)."""
    low, high = min(scores), max(scores)
    return [_share(score - low, high - low, flat=1.0) for score in scores]


def zscore(scores: Sequence[float]) -> list[float]:
    """Return how many standard deviations each is above the lowest; equal scores are 1.

    These are z-scores, (score - mean) / deviation, less the lowest z-score: a file that was not
    found has that one, and the same number less for every file changes no order.
    """
    low, deviation = min(scores), pstdev(scores)
    return [_share(score - low, deviation, flat=1.0) for score in scores]


def dbsf(scores: Sequence[float]) -> list[float]:
    """Return where each lies between mean - 3 and mean + 3 deviations; equal scores are 0.5.

    Distribution-based score fusion (Mazzeschi 2023) as Qdrant has it, with the deviation of a
    sample (n - 1). One that is further up is above 1; one further down is 0, as if not found.
    """
    mean, deviation = fmean(scores), stdev(scores) if len(scores) > 1 else 0.0
    low = mean - _SIGMAS * deviation
    return [max(0.0, _share(s - low, 2 * _SIGMAS * deviation, flat=0.5)) for s in scores]


def _share(part: float, whole: float, *, flat: float) -> float:
    return part / whole if whole > 0.0 else flat
