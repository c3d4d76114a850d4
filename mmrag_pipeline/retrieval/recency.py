"""A prior for recent files: a score halves with every half-life of the file's age."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.payloads import changed_s, payloads_of
from mmrag_pipeline.retrieval.signals import Answer

NAME = "recency"
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Recency:
    """Multiplies scores by 0.5 ** (age / half-life), counted from `now`.

    Nats are multiplied, too. Adding the logarithm of a prior to them, as log-odds would have it,
    takes away without bound: a file of ten half-lives would lose seven nats whatever it holds,
    and end up below files that have nothing to do with the query.
    """

    half_life_days: float
    now: Callable[[], datetime]

    def __call__(
        self, asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        """Return the files by the scores that age leaves them, equal ones in the order they had.

        Scores below 0 (learned fusion has some) are counted from the lowest. A file whose points
        tell no time keeps its score; one from the future is new.
        """
        now_s, payloads = self.now().timestamp(), payloads_of(answers)
        base = min((file.score for file in ranked), default=0.0)
        aged = [
            self._aged(file, changed_s(payloads.get(file.file, ())), now_s, base=min(0.0, base))
            for file in ranked
        ]
        return sorted(aged, key=lambda file: -file.score)

    def _aged(
        self, file: FusedFile, then_s: float | None, now_s: float, *, base: float
    ) -> FusedFile:
        if then_s is None:
            return file
        days = max(0.0, now_s - then_s) / _DAY_S
        factor = 0.5 ** (days / self.half_life_days)
        aged = replace(file, score=base + factor * (file.score - base))
        return aged.changed(NAME, {"age_days": days, "factor": factor})
