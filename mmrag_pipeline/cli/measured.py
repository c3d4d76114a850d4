"""What `mmrag evaluate` prints of measures: tables, a line on time, a comparison, and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import polars as pl
from rich.table import Table

from mmrag_pipeline.cli.console import table
from mmrag_pipeline.evaluation.evaluate import Evaluation, Scores
from mmrag_pipeline.evaluation.evaluator import Scored
from mmrag_pipeline.evaluation.measures import NDCG
from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.scores import told
from mmrag_pipeline.evaluation.scoring import DOMAIN, KIND, OVERALL, Latency
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.retrieval.signals import SIGNALS

_SHOWN = ("recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10")
_MORE = ("success@1", "success@10", "R@10", "R@50", "mrr@10", "ndcg@10")
_PAGES = ("success@1", "success@5", "success@10")
_PARTS = {OVERALL: "overall", KIND: "kinds", DOMAIN: "domains"}
Bounds = Mapping[tuple[str, str], tuple[float, float]]
"""(Kind or `overall`, ranking) -> interval of nDCG@10."""


def evaluation_table(result: Evaluation, bounds: Bounds | None = None) -> Table:
    """Return the measures as a table: a row per kind and ranking, fused first, all kinds last."""
    interval = {} if bounds is None else {k: f"{a:.2f} to {b:.2f}" for k, (a, b) in bounds.items()}
    rows = [
        (kind if name == FUSED else "", name, *_numbers(scores, kind))
        + ((interval.get((kind, name), ""),) if interval else ())
        for kind in [*result.fused.kinds, OVERALL]
        for name, scores in result.rankings().items()
    ]
    columns = ("kind", "ranking", "queries", *_SHOWN, *(("interval",) if interval else ()))
    return table(f"{result.queries} queries", columns, rows)


def rankings_table(title: str, rankings: Mapping[str, Scores]) -> Table:
    """Return a table of rankings by name, those of each kind together, all kinds last."""
    kinds = next(iter(rankings.values())).kinds
    rows = [
        ("" if number else kind, name, *_numbers(scores, kind))
        for kind in [*kinds, OVERALL]
        for number, (name, scores) in enumerate(rankings.items())
    ]
    return table(title, ("kind", "ranking", "queries", *_SHOWN), rows)


def bounds_of(scores: pl.DataFrame) -> Bounds:
    """Return the intervals of nDCG@10 over all queries and by kind."""
    own = scores.filter((pl.col("unit") == "file") & (pl.col("measure") == NDCG))
    parts = own.filter(pl.col("slice").is_in([OVERALL, KIND]))
    rows = parts.select("slice", "name", "ranking", "low", "high").iter_rows()
    return {(name or part, ranking): (low, high) for part, name, ranking, low, high in rows}


def more_tables(scores: pl.DataFrame) -> list[Table]:
    """Return the tables of ablations and of pages over all queries, as far as there are any."""
    overall = scores.filter(pl.col("slice") == OVERALL)
    files, pages = (overall.filter(pl.col("unit") == unit) for unit in ("file", "page"))
    made = []
    if set(files["ranking"]) - {FUSED, *SIGNALS}:
        made.append(_ranking_table("Ablations, all queries", files, _MORE))
    if pages.height:
        made.append(_ranking_table("Pages, queries whose labels name some", pages, _PAGES))
    return made


def _ranking_table(title: str, scores: pl.DataFrame, measures: Sequence[str]) -> Table:
    rows = []
    for (ranking, queries), own in scores.group_by("ranking", "queries", maintain_order=True):
        values = {name: rest for name, *rest in own.select(_VALUE).iter_rows()}
        _, low, high = values[measures[-1]]
        means = [values[name][0] for name in measures]
        rows.append((ranking, queries, *means, f"{low:.2f} to {high:.2f}"))
    return table(title, ("ranking", "queries", *measures, "interval"), rows)


_VALUE = ("measure", "value", "low", "high")


def time_told(latency: Latency) -> str:
    """Return how long searches took, in a line."""
    return (
        f"A search took {1_000 * latency.p50_s:,.1f} ms (median), {1_000 * latency.p95_s:,.1f} ms "
        f"(95th percentile); {latency.per_s:,.1f} per second, one after another"
    )


def comparison_told(scored: Scored, limits: Limits) -> str:
    """Return in words how an evaluation compares with the last one in the history."""
    if scored.before is None:
        return (
            "The history has no evaluation of these queries and domains: the job `evaluate` keeps "
            "one"
        )
    since = scored.before.at.isoformat(sep=" ", timespec="minutes")
    changed = ", ".join(scored.run.differs(scored.before)) or "nothing"
    return f"Since {since}: {told(scored.compared, limits)}. Made differently: {changed}"


def measures_json(scored: Scored, *, compared: bool, limits: Limits) -> dict[str, object]:
    """Return `rankings`, `latency` and `compared` (null when it was not asked or there is none)."""
    return {
        "rankings": _rankings(scored.table),
        "latency": asdict(scored.run.latency),
        "compared": _compared(scored, limits) if compared and scored.before else None,
    }


def _rankings(scores: pl.DataFrame) -> dict[str, object]:
    """Return ranking -> `files`, `pages` -> overall, kinds, domains -> measure -> numbers."""
    found: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]] = {}
    for row in scores.iter_rows(named=True):
        parts = found.setdefault(row["ranking"], {}).setdefault(f"{row['unit']}s", {})
        part = parts.setdefault(_PARTS[row["slice"]], {})
        own = part if row["slice"] == OVERALL else part.setdefault(row["name"], {})
        own["queries"] = row["queries"]
        own[row["measure"]] = {name: row[name] for name in ("value", "low", "high")}
    return {**found}


def _compared(scored: Scored, limits: Limits) -> dict[str, object]:
    before = scored.before
    assert before is not None
    return {
        "run_id": before.run_id,
        "at": before.at,
        "worse": any(score.found.worse for score in scored.compared),
        "message": told(scored.compared, limits),
        "scores": [asdict(score) for score in scored.compared],
        "made_differently": {
            name: {"before": old, "now": now}
            for name, (old, now) in scored.run.differs(before).items()
        },
    }


def _numbers(scores: Scores, kind: str) -> tuple[float | int, ...]:
    values = scores.of(kind).as_json()
    return tuple(values[name] for name in ("queries", *_SHOWN))
