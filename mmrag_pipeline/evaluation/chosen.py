"""Which queries of an evaluation are worth a look: changed, worst and best."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mmrag_pipeline.evaluation.runs import Run
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.retrieval.signals import SIGNALS

CHANGED, WORST, BEST = 6, 6, 3
"""How many of each are shown."""
_SAME = 1e-6
Why = Literal["changed", "worst", "best"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A query and why it is shown; `before` is its fused nDCG@10 of the last run, if any."""

    query_id: str
    why: Why
    before: float | None


def chosen(run: Run, before: Run | None) -> list[Chosen]:
    """Return those that changed since the run before, the worst, and the best; each once.

    Of the changed ones come first those that lost, the largest change first, then those that won.
    Among equally bad ones come first those that a signal alone answers best (the fusion lost it),
    among equally good ones those that the signals alone answer worst (the fusion earned it).
    """
    now, then = _fused(run), _fused(before)
    gap = {query: now[query] - _best_signal(run, query) for query in now}
    shown: list[Chosen] = []

    def take(why: Why, most: int, order: Callable[[str], tuple[float, float]]) -> None:
        left = set(now) - {one.query_id for one in shown}
        fit = sorted(
            (q for q in left if _fits(why, now[q], then.get(q))), key=lambda q: (order(q), q)
        )
        shown.extend(Chosen(query, why, then.get(query)) for query in fit[:most])

    take("changed", CHANGED, lambda q: (now[q] > then[q], -abs(now[q] - then[q])))
    take("worst", WORST, lambda q: (now[q], gap[q]))
    take("best", BEST, lambda q: (-now[q], -gap[q]))
    return shown


def moved(run: Run, before: Run) -> tuple[int, int]:
    """Return how many queries the fused ranking answers worse than before, and how many better."""
    then, now = _fused(before), _fused(run)
    steps = [now[query] - then[query] for query in now if query in then]
    return sum(step < -_SAME for step in steps), sum(step > _SAME for step in steps)


def _fits(why: Why, now: float, before: float | None) -> bool:
    if why == "changed":
        return before is not None and abs(now - before) > _SAME
    return now < 1.0 - _SAME if why == "worst" else now > _SAME


def _fused(run: Run | None) -> dict[str, float]:
    values = {} if run is None else run.values
    return {query: value for (ranking, query), value in values.items() if ranking == FUSED}


def _best_signal(run: Run, query: str) -> float:
    return max((run.values.get((signal, query), 0.0) for signal in SIGNALS), default=0.0)
