"""`mmrag evaluate`: measures per kind, for each signal alone, fused, and by ablation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mmrag_pipeline.cli.console import ERR, OUT, print_json, printable, warn
from mmrag_pipeline.cli.measured import (
    bounds_of,
    comparison_told,
    evaluation_table,
    measures_json,
    more_tables,
    time_told,
)
from mmrag_pipeline.cli.options import STRATEGY_NAMES, AsJson, Domains, load_settings
from mmrag_pipeline.cli.served import searchable_domains
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.evaluation.asking import Ranked
from mmrag_pipeline.evaluation.eval_report import drawn_report
from mmrag_pipeline.evaluation.evaluate import evaluation_of
from mmrag_pipeline.evaluation.evaluation_page import render_evaluation
from mmrag_pipeline.evaluation.evaluator import Evaluator, Scored
from mmrag_pipeline.evaluation.labels import Unmet, some
from mmrag_pipeline.evaluation.qrels import FIELDS, LabelledQuery
from mmrag_pipeline.evaluation.seen import seen_in_training
from mmrag_pipeline.evaluation.tables import hits_table
from mmrag_pipeline.evaluation.told import tell_measures
from mmrag_pipeline.evaluation.variants import FAMILIES, Ablations
from mmrag_pipeline.evaluation_world import open_evaluator
from mmrag_pipeline.stores.files import replace_text

_ALL = "all"


def evaluate(
    queries: Annotated[
        list[Path] | None,
        typer.Option(
            "--queries",
            help="JSON Lines (id, query and/or image, relevant keys, kind), or TREC's .qrels; may "
            "be repeated. Without it those of MMRAG_EVAL_QUERIES.",
            show_default=False,
        ),
    ] = None,
    domain: Domains = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            help=f"What ranks `fused`: {STRATEGY_NAMES}, with refinements after a + "
            "(evidence+mmr).",
            show_default=False,
        ),
    ] = None,
    ablate: Annotated[
        list[str] | None,
        typer.Option(
            "--ablate",
            help=f"More rankings from the same searches: {', '.join(FAMILIES)} or {_ALL}; may be "
            "repeated.",
            show_default=False,
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="With the last run of these queries in the history.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="Write an HTML page: measures, ablations, trend, and what some queries found.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure retrieval on labelled queries; a query without hits counts as zero.

    recall@k is the share of queries with a relevant file among the first k.

    Examples:

        mmrag evaluate --queries demo/queries.jsonl

        mmrag evaluate --queries queries.jsonl --domain receipts --json

        mmrag evaluate --ablate leave_one_out --compare

        mmrag evaluate --queries queries.jsonl --ablate all --report evaluation.html

        mmrag evaluate --queries queries.jsonl --strategy evidence+mmr
    """
    settings = load_settings()
    ablations = Ablations(tuple(FAMILIES) if _ALL in (ablate or ()) else tuple(ablate or ()))
    with open_evaluator(settings, queries or (), strategy=strategy) as evaluator:
        labelled = evaluator.read()
        asked = searchable_domains(settings, domain)
        for told in asked.told:
            warn(told)
        unmet = evaluator.unmet(labelled, domain)
        warn_of_labels(labelled, unmet)
        if seen := seen_in_training(evaluator.searcher.strategy, labelled):
            warn(seen)
        trial = evaluator.trial(ablations, domain)
        ranked = list(trial.ask_all(labelled))
        scored = evaluator.judged(labelled, ranked, trial)
        tell_measures(evaluator.searcher.telemetry, scored)
        if report is not None:
            _write_report(report, evaluator, scored, ranked)
    if as_json:
        _print_json(evaluator, ranked, scored, unmet, compare=compare)
    else:
        _print(evaluator, ranked, scored, compare=compare)
    if asked.trouble:
        raise typer.Exit(1)


def _write_report(
    path: Path, evaluator: Evaluator, scored: Scored, ranked: Sequence[Ranked]
) -> None:
    """Write the page of what was measured just now; raises SettingsError."""
    queries = evaluator.tabled([one.query for one in ranked])
    drawn = drawn_report(evaluator, scored, queries, hits_table(ranked))
    try:
        replace_text(path, render_evaluation(drawn.page))
    except OSError as error:
        raise SettingsError(
            f"the report cannot be written to {str(path)!r:.200} ({error.strerror}): name a file "
            "in a folder that you may write to with --report"
        ) from error
    ERR.print(printable(f"report: {path.absolute()}"), markup=False)


def _print_json(
    evaluator: Evaluator, ranked: Sequence[Ranked], scored: Scored, unmet: Unmet, *, compare: bool
) -> None:
    result = evaluation_of([one.answered for one in ranked]).as_json()
    measures = measures_json(scored, compared=compare, limits=evaluator.limits)
    asked = [one.query for one in ranked]
    seen = bool(seen_in_training(evaluator.searcher.strategy, asked))
    print_json(result | measures | {"unmet": unmet.as_json(), "seen_in_training": seen})


def _print(
    evaluator: Evaluator, ranked: Sequence[Ranked], scored: Scored, *, compare: bool
) -> None:
    result = evaluation_of([one.answered for one in ranked])
    OUT.print(evaluation_table(result, bounds_of(scored.table)))
    for more in more_tables(scored.table):
        OUT.print(more)
    OUT.print(time_told(scored.run.latency), markup=False)
    if compare:
        OUT.print(comparison_told(scored, evaluator.limits), markup=False)


def warn_of_labels(queries: Sequence[LabelledQuery], unmet: Unmet) -> None:
    """Say what of the labels cannot count: slips of the pen look like a bad index."""
    for told in unmet.told:
        warn(told)
    ignored = sorted({name for query in queries for name in query.ignored})
    if ignored:
        known = ", ".join(FIELDS)
        warn(f"fields that are ignored: {some(ignored)}; known: {known}")
