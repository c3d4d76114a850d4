"""`mmrag evaluate`: measures per kind, for each signal alone and fused."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mmrag_pipeline.assembly import open_pictures, open_searcher, open_tables
from mmrag_pipeline.cli.console import OUT, counted, print_json, table, warn
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.partitions import tabled_partitions
from mmrag_pipeline.cli.served import searchable_domains
from mmrag_pipeline.evaluation.evaluate import Evaluation, Scores
from mmrag_pipeline.evaluation.evaluate import evaluate as measure
from mmrag_pipeline.evaluation.qrels import LabelledQuery, labels_of, read_queries

_NAMED = 5
"""How many names a warning lists."""
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
    labelled = read_queries(queries)
    asked = searchable_domains(settings, domain)
    for told in asked.told:
        warn(told)
    tables = open_tables(settings)
    held = (labels_of(tables, name) for name in tabled_partitions(settings, asked.domains))
    _warn_of(labelled, set[str]().union(*held))
    domains = tuple(asked.domains)
    with open_pictures(settings) as read:
        result = measure(open_searcher(settings), labelled, load_image=read, domains=domains)
    if as_json:
        print_json(result.as_json())
    else:
        OUT.print(evaluation_table(result))
    if asked.trouble:
        raise typer.Exit(1)


def _warn_of(queries: Sequence[LabelledQuery], keys: AbstractSet[str]) -> None:
    """Say what of the labels cannot count: slips of the pen look like a bad index."""
    absent = sorted({key for query in queries for key in query.relevant} - keys)
    if absent:
        told = counted(len(absent), "relevant key")
        warn(f"{told} not in the index, counted as not found: {_some(absent)}")
    ignored = sorted({name for query in queries for name in query.ignored})
    if ignored:
        known = "id, query, image, relevant, kind, answer"
        warn(f"fields that are ignored: {_some(ignored)}; known: {known}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


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
