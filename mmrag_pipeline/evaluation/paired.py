"""Whether one of two systems answers the same queries worse than the other: a paired bootstrap."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
_SEED = 20_060_806
"""Any number: the same scores always get the same verdict."""
_CELLS = 2_000_000
"""Queries drawn at a time, for memory."""
_DIGITS = 6
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be lost, and how sure a larger loss must be."""

    max_loss: float
    confidence: float
    settings: str = "MMRAG_GATE"
    """What the names of the settings that say so begin with."""

    @property
    def fewest(self) -> int:
        """Return how many queries can be significant: 5 at 0.95, 7 at 0.99.

        With fewer, even a loss in each of them has a chance of more than 1 - confidence where
        gains and losses are equally likely (2^-n, the sign test).
        """
        return math.ceil(math.log2(1 / (1 - self.confidence)) - _ROUNDING) or 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """Means of both systems over `queries`, and what is known of their difference."""

    queries: int
    live: float
    candidate: float
    low: float
    """The difference of the means is not below, with the confidence asked for; nor above `high`."""
    high: float
    worse: bool
    decides: bool
    """Whether there are queries enough to tell a loss from chance."""

    @property
    def difference(self) -> float:
        """Return what the candidate gained, negative for a loss."""
        return round(self.candidate - self.live, _DIGITS)


def compare(live: Sequence[float], candidate: Sequence[float], limits: Limits) -> Comparison:
    """Return whether the candidate's mean is lower by more than `max_loss`, beyond chance.

    `live` and `candidate` are scores of the same queries in the same order, at least one. The
    queries are drawn with replacement, as many as there are, RESAMPLES times; each time both
    systems' scores of the drawn ones are compared. The candidate is worse when in a share of at
    least `confidence` of these the loss of the mean is above `max_loss`: one-sided, percentile
    method. `low` and `high` are the quantiles 1 - confidence and confidence of the difference,
    each a one-sided bound; the candidate is worse just when `high` is below -max_loss. Fewer than
    `limits.fewest` queries are never worse. Several comparisons are not corrected for their
    number: a false alarm costs a look, a miss costs every reader.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; for retrieval:
    Sakai, Evaluating Evaluation Metrics based on the Bootstrap, SIGIR 2006; Smucker, Allan and
    Carterette, A Comparison of Statistical Significance Tests for Information Retrieval
    Evaluation, CIKM 2007.
    """
    before, after = np.asarray(live, np.float64), np.asarray(candidate, np.float64)
    means = _resampled_means(after - before)
    low, high = np.quantile(means, [1 - limits.confidence, limits.confidence])
    lost = np.mean(means < -limits.max_loss - _ROUNDING) >= limits.confidence
    decides = before.size >= limits.fewest
    return Comparison(
        queries=before.size,
        live=_rounded(before.mean()),
        candidate=_rounded(after.mean()),
        low=_rounded(low),
        high=_rounded(high),
        worse=bool(lost) and decides,
        decides=decides,
    )


def intervals(values: Sequence[Sequence[float]], confidence: float) -> list[tuple[float, float]]:
    """Return bounds of the mean of each list of values, all of the same queries in one order.

    Queries are drawn with replacement as `compare` draws them, the same for all lists; the bounds
    are the percentiles that leave (1 - confidence) / 2 out on either side. At least one query.
    """
    table = np.asarray(values, np.float64).T
    means = np.concatenate([drawn @ table for drawn in _shares(table.shape[0])])
    out = (1 - confidence) / 2
    low, high = np.quantile(means, [out, 1 - out], axis=0)
    return [(_rounded(a), _rounded(b)) for a, b in zip(low, high, strict=True)]


def _shares(size: int) -> Iterator[npt.NDArray[np.float64]]:
    """Yield (n, size) arrays: of each drawn set of queries the share that each query has in it."""
    draw = np.random.default_rng(_SEED)
    at_once = max(1, _CELLS // size)
    for start in range(0, RESAMPLES, at_once):
        n = min(at_once, RESAMPLES - start)
        yield draw.multinomial(size, np.full(size, 1 / size), size=n) / size


def _rounded(number: np.float64) -> float:
    return round(float(number), _DIGITS)


def _resampled_means(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    draw = np.random.default_rng(_SEED)
    size = differences.size
    at_once = max(1, _CELLS // size)
    counts = [min(at_once, RESAMPLES - start) for start in range(0, RESAMPLES, at_once)]
    parts = [differences[draw.integers(0, size, (n, size))].mean(axis=1) for n in counts]
    return np.concatenate(parts)
