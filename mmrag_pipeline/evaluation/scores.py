"""What two generations score on the same queries: fused, by each signal alone, and per kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from mmrag_pipeline.evaluation.evaluate import Answered
from mmrag_pipeline.evaluation.measures import Judged, ndcg_of_each
from mmrag_pipeline.evaluation.paired import Comparison, Limits, compare
from mmrag_pipeline.ids import Json
from mmrag_pipeline.retrieval.signals import SIGNALS

FUSED, OVERALL = "fused", "overall"
Pair = tuple[Answered, Answered]
"""What the generation that serves answers to a query, and what the candidate does."""


@dataclass(frozen=True, slots=True)
class Score:
    """Mean nDCG@10 of both generations: of a ranking, over one kind of queries or all."""

    ranking: str
    """`fused` or a signal."""
    kind: str
    found: Comparison


_SCORES = TypeAdapter(list[Score])


def scores_of(numbers: Mapping[str, Json]) -> list[Score]:
    """Return the scores among the numbers of a verdict; none where nothing was compared."""
    return _SCORES.validate_python(numbers.get("scores", []))


def scored(pairs: Sequence[Pair], limits: Limits) -> list[Score]:
    """Return the scores of a query's answers by both, fused over all queries first.

    A signal is measured on the queries that ask it, an answer of one generation alone included.
    """
    rankings = [(FUSED, OVERALL, [(old.fused, new.fused) for old, new in pairs])]
    for signal in SIGNALS:
        asking = [pair for pair in pairs if any(signal in one.signals for one in pair)]
        alone = [
            (old.signals.get(signal, _nothing(old)), new.signals.get(signal, _nothing(new)))
            for old, new in asking
        ]
        rankings.append((signal, OVERALL, alone))
    for kind in sorted({old.kind for old, _ in pairs}):
        own = [(old.fused, new.fused) for old, new in pairs if old.kind == kind]
        rankings.append((FUSED, kind, own))
    return [_score(name, kind, both, limits) for name, kind, both in rankings if both]


def told(scores: Sequence[Score], limits: Limits) -> str:
    """Return in a line what is worse, or that nothing is; `scores` begin with all queries fused."""
    whole = scores[0].found
    means = f"{whole.queries} queries, nDCG@10 {whole.live:.3f} before, {whole.candidate:.3f} now"
    worse = ", ".join(_fall(score) for score in scores if score.found.worse)
    if worse:
        lost = f"more than {limits.settings}_MAX_LOSS={limits.max_loss:g}"
        sure = f"with {limits.settings}_CONFIDENCE={limits.confidence:g}"
        return f"{means}; worse: {worse} ({lost}, {sure})"
    if not whole.decides:
        few = f"fewer than {limits.fewest} queries cannot tell a loss from chance"
        return f"{means}; {few}, so nothing was decided by them"
    sure = f"no loss above {limits.max_loss:g} is sure (confidence {limits.confidence:g})"
    return f"{means}; {_worst(scores)}; {sure}"


def _worst(scores: Sequence[Score]) -> str:
    """Return what was compared, and the largest loss with its bounds, of what decides."""
    deciding = [score for score in scores if score.found.decides]
    worst = min(deciding, key=lambda score: score.found.difference)
    found = worst.found
    measured = f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    told = f"worst of {', '.join(map(_name, deciding))}: {_name(worst)} {measured}"
    few = ", ".join(_name(score) for score in scores if not score.found.decides)
    return f"{told}; too few queries of {few}" if few else told


def _name(score: Score) -> str:
    return score.ranking if score.kind == OVERALL else f"{score.ranking} on {score.kind}"


def _fall(score: Score) -> str:
    return f"{_name(score)} {score.found.live:.3f} to {score.found.candidate:.3f}"


def _nothing(answered: Answered) -> Judged:
    return Judged((), answered.fused.relevant)


def _score(ranking: str, kind: str, both: Sequence[tuple[Judged, Judged]], limits: Limits) -> Score:
    live, candidate = (ndcg_of_each([pair[side] for pair in both]) for side in (0, 1))
    return Score(ranking, kind, compare(live, candidate, limits))
