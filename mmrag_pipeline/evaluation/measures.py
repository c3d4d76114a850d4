"""Recall, MRR and nDCG of ranked answers, computed by ir-measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CUTOFFS = (1, 5, 10)
DEEP_CUTOFFS = (*CUTOFFS, 50)
NDCG = "ndcg@10"
Ranking = Sequence[int | None]
"""Per rank: which relevant entry the hit is (counted from 0), or None."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over queries; a query without hits counts as zero.

    recall@k is the share of queries with at least one relevant file among the first k
    (Success@k of ir-measures): labelled queries say that any of their files is an answer.
    """

    queries: int
    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    mrr_at_10: float
    ndcg_at_10: float

    def as_json(self) -> dict[str, int | float]:
        """Return the measures under their usual names."""
        return {
            "queries": self.queries,
            "recall@1": self.recall_at_1,
            "recall@5": self.recall_at_5,
            "recall@10": self.recall_at_10,
            "mrr@10": self.mrr_at_10,
            "ndcg@10": self.ndcg_at_10,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """The ranking that one query got, and how many entries are relevant to it."""

    ranking: Ranking
    relevant: int
    grades: Sequence[int] = ()
    """How relevant each entry is, 1 or more; empty: all alike."""


def judge(
    keys: Sequence[tuple[str, str]], relevant: Sequence[str], grades: Sequence[int] = ()
) -> Judged:
    """Return a ranking of (domain, key) against entries that are keys or `DOMAIN/KEY`.

    An entry counts at its first hit only, so one entry found in two domains is one answer.
    """
    wanted = list(dict.fromkeys(relevant))
    number = {entry: n for n, entry in enumerate(wanted)}
    seen: set[int] = set()
    ranking: list[int | None] = []
    for domain, key in keys:
        entry = number.get(f"{domain}/{key}", number.get(key))
        ranking.append(entry if entry not in seen else None)
        seen |= {entry} if entry is not None else set()
    return Judged(ranking, len(wanted), grades)


def measure(judged: Sequence[Judged]) -> Measures:
    """Return the means over these queries; all zeros without any."""
    from ir_measures import RR, Success, calc_aggregate, nDCG

    names = [Success @ k for k in CUTOFFS] + [RR @ 10, nDCG @ 10]
    if not judged:
        return Measures(0, *[0.0] * len(names))
    means = calc_aggregate(names, _qrels(judged), _run(judged))
    return Measures(len(judged), *[float(means[name]) for name in names])


def values_of_each(judged: Sequence[Judged]) -> dict[str, list[float]]:
    """Return measure -> its value for each ranking, in order.

    success@k is 1 where a relevant entry is among the first k, R@k the share of the relevant
    entries that are; mrr@10 and ndcg@10 as usual, the gain of an entry being its grade (trec_eval).
    """
    from ir_measures import RR, R, Success, iter_calc, nDCG

    named = {
        **{Success @ k: f"success@{k}" for k in DEEP_CUTOFFS},
        **{R @ k: f"R@{k}" for k in DEEP_CUTOFFS},
        RR @ 10: "mrr@10",
        nDCG @ 10: NDCG,
    }
    values = {name: [0.0] * len(judged) for name in named.values()}
    for found in iter_calc([*named], _qrels(judged), _run(judged)) if judged else ():
        values[named[found.measure]][int(found.query_id)] = float(found.value)
    return values


def ndcg_of_each(judged: Sequence[Judged]) -> list[float]:
    """Return nDCG@10 of each ranking, in order."""
    from ir_measures import iter_calc, nDCG

    if not judged:
        return []
    found = iter_calc([nDCG @ 10], _qrels(judged), _run(judged))
    values = {metric.query_id: float(metric.value) for metric in found}
    return [values[str(n)] for n in range(len(judged))]


def _qrels(judged: Sequence[Judged]) -> Mapping[str, Mapping[str, int]]:
    """Return relevance by made-up ids: keys are data and never reach the C library."""
    return {str(n): _grades(one) for n, one in enumerate(judged)}


def _grades(judged: Judged) -> dict[str, int]:
    grades = judged.grades or [1] * judged.relevant
    return {f"r{entry}": grade for entry, grade in enumerate(grades)}


def _run(judged: Sequence[Judged]) -> Mapping[str, Mapping[str, float]]:
    return {str(n): dict(_scored(j.ranking)) for n, j in enumerate(judged)}


def _scored(ranking: Ranking) -> list[tuple[str, float]]:
    """Return documents with scores that fall by rank, for ir-measures sorts by score."""
    return [
        (f"n{rank}" if entry is None else f"r{entry}", float(-rank))
        for rank, entry in enumerate(ranking)
    ]
