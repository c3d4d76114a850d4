"""The history of evaluations, and how one compares with the last of the same queries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from mmrag_pipeline.evaluation.measures import NDCG
from mmrag_pipeline.evaluation.paired import Limits, compare
from mmrag_pipeline.evaluation.scores import OVERALL, Score
from mmrag_pipeline.evaluation.scoring import Latency, Measured
from mmrag_pipeline.evaluation.variants import FUSED
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import Json
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.ports import TableStore
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.retrieval.signals import SIGNALS
from mmrag_pipeline.schemas import EVAL_RUNS

EVERYTHING = "all"
"""The one partition of the evaluation's tables."""
_KEPT = (FUSED, *SIGNALS)
"""Rankings whose values are kept query by query, to be compared."""
Values = dict[tuple[str, str], float]
"""(Ranking, query id) -> nDCG@10."""


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation as the history keeps it."""

    run_id: str
    at: datetime
    asked: str
    """Digest of queries, labels and domains: equal ones can be compared."""
    made_with: str
    """JSON object: strategy, tuning, ablations, depth, models, collections."""
    latency: Latency
    values: Values
    kinds: Mapping[str, str]
    """Query id -> kind."""

    def differs(self, other: "Run") -> dict[str, tuple[Json, Json]]:
        """Return what the other was made with and this one, where they are not the same."""
        mine, theirs = json.loads(self.made_with), json.loads(other.made_with)
        names = sorted({*mine, *theirs})
        return {
            name: (theirs.get(name), mine.get(name))
            for name in names
            if theirs.get(name) != mine.get(name)
        }


def values_kept(found: Sequence[Measured]) -> Values:
    """Return what the history keeps of an evaluation's measures."""
    kept = (f for f in found if f.measure == NDCG and f.unit == "file" and f.ranking in _KEPT)
    return {(one.ranking, query): value for one in kept for query, value in one.values.items()}


def append_run(tables: TableStore, run: Run, *, keep: int) -> None:
    """Add an evaluation to the history, and let the oldest go beyond `keep`.

    The same run again takes its own place. Nothing that another writer adds meanwhile is lost;
    raises OvertakenError when others are faster again and again.
    """
    line = pl.DataFrame([_row(run)], schema=EVAL_RUNS)

    def add() -> None:
        before = tables.lineage("eval_runs", EVERYTHING)
        rows = rows_of(tables, "eval_runs", EVERYTHING).filter(pl.col("run_id") != run.run_id)
        table = pl.concat([rows, line]).tail(keep)
        digest = table_digest(table)
        lineage = Lineage("eval_runs", EVERYTHING, digest, table.height, {}, "", {}, run.run_id)
        tables.write(table, lineage, replaces=before)

    retried(add)


def last_run(tables: TableStore, asked: str, *, but: str = "") -> Run | None:
    """Return the latest evaluation of these queries, but not the run named; None without one."""
    same = _same(tables, asked).filter(pl.col("run_id") != but)
    return _run(same.row(-1, named=True)) if same.height else None


def runs_of(tables: TableStore, asked: str) -> list[Run]:
    """Return the evaluations of these queries, oldest first."""
    return [_run(row) for row in _same(tables, asked).iter_rows(named=True)]


def comparisons(before: Run, now: Run, limits: Limits) -> list[Score]:
    """Return nDCG@10 of two evaluations: fused over all queries, each signal, fused per kind.

    A ranking that only one of them made is left out.
    """
    asked = [
        (ranking, OVERALL, [query for name, query in now.values if name == ranking])
        for ranking in _KEPT
    ]
    for kind in sorted(set(now.kinds.values())):
        asked.append((FUSED, kind, [query for query, own in now.kinds.items() if own == kind]))
    scores = []
    for ranking, kind, queries in asked:
        pairs = [(ranking, query) for query in queries]
        if pairs and all(pair in before.values for pair in pairs):
            old, new = [before.values[p] for p in pairs], [now.values[p] for p in pairs]
            scores.append(Score(ranking, kind, compare(old, new, limits)))
    return scores


def _same(tables: TableStore, asked: str) -> pl.DataFrame:
    return rows_of(tables, "eval_runs", EVERYTHING).filter(pl.col("asked") == asked)


def _row(run: Run) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "at": run.at,
        "asked": run.asked,
        "queries": len(run.kinds),
        "made_with": run.made_with,
        "p50_s": run.latency.p50_s,
        "p95_s": run.latency.p95_s,
        "per_s": run.latency.per_s,
        "scores": [
            {"ranking": ranking, "query_id": query, "kind": run.kinds[query], "ndcg": value}
            for (ranking, query), value in run.values.items()
        ],
    }


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        run_id=row["run_id"],
        at=row["at"],
        asked=row["asked"],
        made_with=row["made_with"],
        latency=Latency(row["p50_s"], row["p95_s"], row["per_s"]),
        values={(one["ranking"], one["query_id"]): one["ndcg"] for one in row["scores"]},
        kinds={one["query_id"]: one["kind"] for one in row["scores"]},
    )
