"""Training of learned fusion, measured on queries that it has not seen.

A logistic regression tells relevant from other found files; every query weighs the same, half of
that on its relevant files. What ranks each form of query (the weights, or what beats them there)
is chosen on queries that the weights were not fitted to, and all that is reported was measured
with both, weights and choice, made without the query's fold: nested cross-validation (Cawley and
Talbot 2010), so that a choice is not measured on what it was chosen by.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.evaluation.evaluate import Scores, scores_by_kind
from mmrag_pipeline.evaluation.examples import Example
from mmrag_pipeline.evaluation.measures import Judged, ndcg_of_each
from mmrag_pipeline.evaluation.seen import digest_of
from mmrag_pipeline.retrieval.asked import Form
from mmrag_pipeline.retrieval.features import FEATURES, FORMS
from mmrag_pipeline.retrieval.fusion_model import FusionModel, TrainingCard, Way
from mmrag_pipeline.retrieval.signals import SIGNALS

FOLDS = 5
FEWEST = 10
"""Different questions without which nothing is trained."""
FEWEST_OF_FORM = 5
"""Queries of a form without which it is left to the evidence."""
_INVERSE_PENALTY = 1.0
_STEPS = 2_000
Coefficients = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """A fusion, and what it and the rankings beside it score on queries that it did not see."""

    model: FusionModel
    held_out: Scores
    others: Mapping[str, Scores]

    def rankings(self) -> Mapping[str, Scores]:
        """Return the scores by name, those of the trained fusion first."""
        return {"learned": self.held_out, **self.others}


def trained(given: Sequence[Example], *, domains: tuple[str, ...], trained_at: datetime) -> Trained:
    """Return a fusion of all these queries; raises SettingsError for too few to learn from."""
    questions = {one.question for one in given}
    if len(questions) < FEWEST:
        raise SettingsError(
            f"{len(questions)} different labelled queries are too few to learn a fusion from, and "
            f"to tell whether it helps: give at least {FEWEST} (`--queries`)"
        )
    if not any(_teaches(one) for one in given):
        raise SettingsError(
            "no labelled query has a relevant file among other files that it finds, so there is "
            "nothing to learn: check the keys under `relevant`, and which domains are asked"
        )
    held_out = _held_out(given)
    others = {name: _others(given, name) for name in _names(given)}
    scores = {"learned": held_out, **others}
    model = FusionModel.of(
        fit(given),
        ways(given, crossed(given)),
        TrainingCard(
            trained_at=trained_at,
            queries=len(given),
            queries_digest=digest_of((one.question, one.relevant) for one in given),
            questions=tuple(sorted(questions)),
            domains=domains,
            folds=_folds(given),
            held_out={
                kind: {name: own.of(kind).ndcg_at_10 for name, own in scores.items()}
                for kind in (*held_out.kinds, "overall")
            },
        ),
    )
    return Trained(model, held_out, others)


def fit(given: Sequence[Example]) -> Coefficients:
    """Return the weight of each feature; all 0 where no query has both right and wrong files."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # no types

    teaching = [one for one in given if _teaches(one)]
    if not teaching:
        return (0.0,) * len(FEATURES)
    rows = np.vstack([one.found.rows for one in teaching])
    right = np.concatenate([one.right for one in teaching])
    scale = rows.std(axis=0)
    scale[scale == 0.0] = 1.0
    regression = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_STEPS)
    weights = np.concatenate([_balanced(one.right) for one in teaching])
    regression.fit(rows / scale, right, sample_weight=weights)
    return tuple(float(weight) for weight in regression.coef_[0] / scale)


def crossed(given: Sequence[Example]) -> list[Judged]:
    """Return each query's ranking by weights that were fitted without its fold, in order."""
    judged: dict[int, Judged] = {}
    for train, test in folds(given):
        weights = fit([given[n] for n in train])
        judged |= {n: given[n].judged(weights) for n in test}
    return [judged[n] for n in range(len(given))]


def folds(given: Sequence[Example]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the places of the queries to learn from and of those to measure, by question."""
    from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]  # no types

    groups = [one.question for one in given]
    for train, test in GroupKFold(_folds(given)).split(groups, groups=groups):
        yield [int(n) for n in train], [int(n) for n in test]


def ways(given: Sequence[Example], judged: Sequence[Judged]) -> dict[Form, Way]:
    """Return how each form of query is to be ranked, from rankings by weights fitted elsewhere.

    By the weights, unless the evidence or one signal has a higher mean nDCG@10 there. Forms with
    fewer than FEWEST_OF_FORM queries are left out.
    """
    chosen: dict[Form, Way] = {}
    for form in FORMS:
        own = [(one, j) for one, j in zip(given, judged, strict=True) if one.form == form]
        if len(own) < FEWEST_OF_FORM:
            continue
        means: dict[Way, float] = {"learned": _mean([j for _, j in own])}
        rivals: tuple[Way, ...] = ("evidence", *SIGNALS)
        means |= {way: _mean([_other(one, way) for one, _ in own]) for way in rivals}
        chosen[form] = max(means, key=lambda way: means[way])
    return chosen


def _held_out(given: Sequence[Example]) -> Scores:
    """Return the scores of weights and ways that were both made without the query's fold."""
    judged: list[tuple[str, Judged]] = []
    for train, test in folds(given):
        known = [given[n] for n in train]
        way, weights = ways(known, crossed(known)), fit(known)
        judged += [(given[n].kind, _by(way, weights, given[n])) for n in test]
    return scores_by_kind(judged)


def _by(chosen: Mapping[Form, Way], weights: Coefficients, one: Example) -> Judged:
    """Return the ranking that learned.Learned gives."""
    way = chosen.get(one.form, "evidence")
    if way == "learned":
        return one.judged(weights)
    return one.others.get(way, one.others["evidence"])


def _folds(given: Sequence[Example]) -> int:
    return min(FOLDS, len({one.question for one in given}))


def _names(given: Sequence[Example]) -> list[str]:
    asked = {name for one in given for name in one.others}
    return ["evidence", *(signal for signal in SIGNALS if signal in asked)]


def _others(given: Sequence[Example], name: str) -> Scores:
    return scores_by_kind((one.kind, _other(one, name)) for one in given)


def _other(one: Example, name: str) -> Judged:
    """Return a ranking beside the learned one; a signal that is not asked finds nothing."""
    return one.others.get(name, Judged((), len(set(one.relevant))))


def _mean(judged: Sequence[Judged]) -> float:
    return round(fmean(ndcg_of_each(judged)), 9)


def _teaches(one: Example) -> bool:
    return bool(one.right.any()) and not bool(one.right.all())


def _balanced(right: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.asarray(np.where(right, 0.5 / right.sum(), 0.5 / (~right).sum()), np.float64)
