"""How far a file stands out from the files that have nothing to do with a query, in nats.

Cosines of two models cannot be compared, and even one model's cannot be read alone: its
unrelated pairs lie anywhere between 0 and 0.4. What can be compared is how rarely a score
comes about by chance, and most files that a signal finds are there by chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

RAREST = 1e-300
"""Smallest chance that is told apart from none."""


@dataclass(frozen=True, slots=True)
class Background:
    """How the files that a dense signal found are spread: their number, median and spread."""

    files: int
    level: float
    spread: float
    """Root mean square distance from the level; the peaks are part of it."""

    def nats(self, score: float, contrast: float) -> float:
        """Return the log-odds that a score is no chance, from 0 up: the lesser of two.

        What the model claims: the lead over the level times `contrast`, the inverse temperature
        of its training. What chance leaves of that: log(1 + 1/E), E being the number of files
        expected at this score or above if all were normally distributed (the E-value of
        sequence search, Karlin and Altschul 1990). The first holds back the leader of a flat
        or a small field, the second a leader by no more than such fields have anyway.
        """
        lead = score - self.level
        if lead <= 0.0 or self.spread <= 0.0:
            return 0.0
        chance = 0.5 * math.erfc(lead / self.spread / math.sqrt(2.0))
        return min(contrast * lead, math.log1p(1.0 / max(self.files * chance, RAREST)))


def background(scores: Sequence[float]) -> Background:
    """Return how scores (at least one, in any order) are spread."""
    level = median(scores)
    return Background(len(scores), level, math.sqrt(fmean((s - level) ** 2 for s in scores)))
