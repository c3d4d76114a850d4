"""The evaluation: labelled queries, what they find, and how good that is; nothing is indexed."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

import dagster as dg
import polars as pl
from pydantic import Field

from mmrag_pipeline.assets.declared import OWNERS, RETRY
from mmrag_pipeline.assets.evaluation_metadata import (
    answers_metadata,
    drop_metadata,
    hits_metadata,
    queries_metadata,
    report_metadata,
    scores_metadata,
)
from mmrag_pipeline.assets.materialize import Materialization, failure_of
from mmrag_pipeline.assets.metadata import Metadata
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.evaluation.eval_report import drawn_report
from mmrag_pipeline.evaluation.evaluation_page import render_evaluation
from mmrag_pipeline.evaluation.evaluator import Evaluator, Scored
from mmrag_pipeline.evaluation.scores import told
from mmrag_pipeline.evaluation.told import tell_measures
from mmrag_pipeline.evaluation.variants import FAMILIES, Ablations
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import digest_text
from mmrag_pipeline.stores.reports import keep_report

GROUP = "evaluation"
DROP = "drop"


class Asked(dg.Config):
    """What one evaluation asks, and which rankings it makes of the answers."""

    domains: list[str] = Field(default=[], description="Only these; without any all.")
    ablations: list[str] = Field(
        default=[], description=f"Of {', '.join(FAMILIES)}: none of them costs a model call."
    )
    ocr_confidences: list[float] = Field(
        default=[*Ablations().ocr_confidences],
        description="Of ocr_confidence: texts read with less are left out.",
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MmragError as error:
        raise failure_of(error) from error


def _spec(
    name: str, *, deps: Sequence[str], kinds: AbstractSet[str], description: str
) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=deps,
        description=description,
        group_name=GROUP,
        kinds=set(kinds),
        owners=list(OWNERS),
        tags={"layer": GROUP},
    )


QUERIES = _spec(
    "eval_queries",
    deps=(),
    kinds={"parquet"},
    description="Labelled queries of MMRAG_EVAL_QUERIES (else MMRAG_GATE_QUERIES), checked.",
)
HITS = _spec(
    "eval_hits",
    deps=("eval_queries",),
    kinds={"parquet", "qdrant"},
    description="What each query finds: fused, by each signal alone, and by each ablation.",
)
SCORES = _spec(
    "eval_scores",
    deps=("eval_queries", "eval_hits"),
    kinds={"parquet"},
    description="Measures of every ranking with intervals, and the history of evaluations.",
)
ANSWERS = _spec(
    "eval_answers",
    deps=("eval_queries", "eval_hits"),
    kinds={"parquet"},
    description="What answers to the queries with known answers are worth.",
)
REPORT = _spec(
    "eval_report",
    deps=("eval_queries", "eval_hits", "eval_scores"),
    kinds={"html"},
    description="One HTML file: measures, ablations, trend, and what chosen queries found.",
)
_DROP_CHECK = dg.AssetCheckSpec(
    DROP,
    asset="eval_scores",
    description="Nothing is significantly worse than the last time for the same queries.",
)


@dg.multi_asset(name="eval_queries", specs=[QUERIES], retry_policy=RETRY)
def eval_queries(
    context: dg.AssetExecutionContext, evaluator: dg.ResourceParam[Evaluator]
) -> Iterator[Materialization]:
    """Read the queries."""
    with _translated():
        table = evaluator.write_queries(context.run.run_id)
    yield _made("eval_queries", table, queries_metadata(table))


@dg.multi_asset(name="eval_hits", specs=[HITS], retry_policy=RETRY)
def eval_hits(
    context: dg.AssetExecutionContext, config: Asked, evaluator: dg.ResourceParam[Evaluator]
) -> Iterator[Materialization]:
    """Ask each query once."""
    with _translated():
        ablations = Ablations(tuple(config.ablations), tuple(config.ocr_confidences))
        trial = evaluator.trial(ablations, config.domains)
        hits, searches = evaluator.write_hits(context.run.run_id, trial)
    yield _made("eval_hits", hits, hits_metadata(hits, searches))


@dg.multi_asset(name="eval_scores", specs=[SCORES], check_specs=[_DROP_CHECK], retry_policy=RETRY)
def eval_scores(
    context: dg.AssetExecutionContext, evaluator: dg.ResourceParam[Evaluator]
) -> Iterator[Materialization | dg.AssetCheckResult]:
    """Measure, keep the history, and compare with the last evaluation of the same queries."""
    with _translated():
        scored = evaluator.write_scores(context.run.run_id)
    tell_measures(evaluator.searcher.telemetry, scored)
    yield _made("eval_scores", scored.table, scores_metadata(scored))
    yield _drop(scored, evaluator)


@dg.multi_asset(name="eval_answers", specs=[ANSWERS], retry_policy=RETRY)
def eval_answers(
    context: dg.AssetExecutionContext, evaluator: dg.ResourceParam[Evaluator]
) -> Iterator[Materialization]:
    """Ask the questions whose answers are known."""
    with _translated():
        made = evaluator.write_answers(context.run.run_id)
    yield _made("eval_answers", made.table, answers_metadata(made))


@dg.multi_asset(name="eval_report", specs=[REPORT], retry_policy=RETRY)
def eval_report(
    context: dg.AssetExecutionContext, evaluator: dg.ResourceParam[Evaluator]
) -> Iterator[Materialization]:
    """Write the page of the last evaluation."""
    settings = evaluator.settings
    with _translated():
        scored, queries, hits = evaluator.kept()
        drawn = drawn_report(evaluator, scored, queries, hits)
        html = render_evaluation(drawn.page)
        run, keep = scored.run, settings.eval_keep_reports
        path = keep_report(settings.home, html, at=run.at, run_id=run.run_id, keep=keep)
    context.log.info(f"the report is {path}")
    yield dg.MaterializeResult(
        asset_key="eval_report",
        metadata=report_metadata(drawn, path),
        data_version=dg.DataVersion(digest_text(html)),
    )


def _made(name: str, table: pl.DataFrame, metadata: Metadata) -> Materialization:
    return dg.MaterializeResult(
        asset_key=name, metadata=metadata, data_version=dg.DataVersion(table_digest(table))
    )


def _drop(scored: Scored, evaluator: Evaluator) -> dg.AssetCheckResult:
    if scored.compared:
        message = told(scored.compared, evaluator.limits)
    else:
        message = "the first evaluation of these queries in the history: nothing to compare with"
    return dg.AssetCheckResult(
        check_name=DROP,
        passed=not any(score.found.worse for score in scored.compared),
        description=message,
        metadata=drop_metadata(scored),
    )


EVALUATION_ASSETS = (eval_queries, eval_hits, eval_scores, eval_answers, eval_report)
EVALUATE = dg.define_asset_job(
    "evaluate",
    selection=dg.AssetSelection.groups(GROUP),
    description="Measure how well the index that is served answers labelled queries.",
    tags={"job": "evaluate"},
)
