"""`mmrag evaluate`: measures per kind, for each signal alone and fused."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mmrag_pipeline.assembly import open_pictures, open_searcher
from mmrag_pipeline.cli.console import OUT, print_json, table
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.evaluation.evaluate import Evaluation, Scores
from mmrag_pipeline.evaluation.evaluate import evaluate as measure
from mmrag_pipeline.evaluation.qrels import read_queries

_SHOWN = ("recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10")


def evaluate(
    queries: Annotated[
        Path,
        typer.Option(
            "--queries", help="JSON Lines: id, query and/or image, relevant (keys), kind."
        ),
    ],
    domain: Domains = None,
    as_json: AsJson = False,
) -> None:
    """Measure retrieval on labelled queries; a query without hits counts as zero.

    recall@k is the share of queries with a relevant file among the first k.

    Examples:

        mmrag evaluate --queries demo/queries.jsonl

        mmrag evaluate --queries queries.jsonl --domain receipts --json
    """
    settings = load_settings()
    asked = read_queries(queries)
    domains = tuple(domain) if domain else None
    with open_pictures(settings) as read:
        result = measure(open_searcher(settings), asked, load_image=read, domains=domains)
    if as_json:
        print_json(result.as_json())
    else:
        OUT.print(evaluation_table(result))


def evaluation_table(result: Evaluation) -> Table:
    """Return the measures as a table: a row per kind and ranking, fused first, all kinds last."""
    rows = [
        (kind if name == "fused" else "", name, *_numbers(scores, kind))
        for kind in [*result.fused.kinds, "overall"]
        for name, scores in result.rankings().items()
    ]
    return table(f"{result.queries} queries", ("kind", "ranking", "queries", *_SHOWN), rows)


def _numbers(scores: Scores, kind: str) -> list[float | int]:
    values = scores.of(kind).as_json()
    return [values[name] for name in ("queries", *_SHOWN)]
