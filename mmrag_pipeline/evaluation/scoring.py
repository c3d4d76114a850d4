"""Measures of every ranking over all queries, per kind and per domain, with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mmrag_pipeline.evaluation.measures import values_of_each
from mmrag_pipeline.evaluation.paired import intervals
from mmrag_pipeline.evaluation.tables import Unit, judged_of
from mmrag_pipeline.schemas import EVAL_SCORES

OVERALL, KIND, DOMAIN = "overall", "kind", "domain"
"""Slices: all queries, those of a kind, those with a relevant file in a domain."""
UNITS: tuple[Unit, ...] = ("file", "page")


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of a search (median, 95th percentile), and searches per second one after another."""

    p50_s: float
    p95_s: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one measure of a ranking, query by query."""

    ranking: str
    unit: Unit
    measure: str
    values: Mapping[str, float]
    """Query id -> value."""


def latency_of(searches: pl.DataFrame) -> Latency:
    """Return how long the searches of EVAL_SEARCHES took; at least one."""
    seconds = searches["seconds"].to_numpy()
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return Latency(float(p50), float(p95), float(seconds.size / seconds.sum()))


def rankings_of(searches: pl.DataFrame) -> list[str]:
    """Return the names of all rankings that were made, in order."""
    return searches["rankings"].explode().drop_nulls().unique(maintain_order=True).to_list()


def measured(
    queries: pl.DataFrame, hits: pl.DataFrame, rankings: Sequence[str]
) -> Iterator[Measured]:
    """Yield every measure of every ranking, of files and, where labels name some, of pages."""
    for ranking in rankings:
        for unit in UNITS:
            judged = judged_of(queries, hits, ranking=ranking, unit=unit)
            if not judged:
                continue
            for measure, values in values_of_each([*judged.values()]).items():
                yield Measured(ranking, unit, measure, dict(zip(judged, values, strict=True)))


def scores_table(
    queries: pl.DataFrame, found: Sequence[Measured], confidence: float
) -> pl.DataFrame:
    """Return EVAL_SCORES: means over each slice, with bootstrap intervals of this confidence."""
    rows = [
        row
        for unit in UNITS
        for where, name, ids in _slices(queries, unit)
        for row in _rows((where, name), ids, [one for one in found if one.unit == unit], confidence)
    ]
    return pl.DataFrame(rows, schema=EVAL_SCORES, orient="row")


def _rows(
    where: tuple[str, str], ids: Sequence[str], found: Sequence[Measured], confidence: float
) -> Iterator[tuple[object, ...]]:
    if not ids or not found:
        return
    values = [[one.values[query_id] for query_id in ids] for one in found]
    bounds = intervals(values, confidence)
    for one, own, (low, high) in zip(found, values, bounds, strict=True):
        mean = float(np.mean(own))
        yield (one.ranking, one.unit, *where, one.measure, len(ids), mean, low, high)


def _slices(queries: pl.DataFrame, unit: Unit) -> Iterator[tuple[str, str, list[str]]]:
    """Yield slice, name and the queries in it; of pages only queries that name some."""
    own = queries if unit == "file" else queries.filter(pl.col("pages").list.len() > 0)
    yield OVERALL, "", own["query_id"].to_list()
    for kind in sorted(own["kind"].unique()):
        yield KIND, kind, own.filter(pl.col("kind") == kind)["query_id"].to_list()
    for domain in sorted(own["domains"].explode().drop_nulls().unique()):
        within = own.filter(pl.col("domains").list.contains(domain))
        yield DOMAIN, domain, within["query_id"].to_list()
