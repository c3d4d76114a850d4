"""`mmrag evaluate`: measures per kind, for each signal alone and fused."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mmrag_pipeline.assembly import named_ranking, open_pictures, open_searcher, open_tables
from mmrag_pipeline.cli.console import OUT, counted, print_json, table, warn
from mmrag_pipeline.cli.options import STRATEGY_NAMES, AsJson, Domains, load_settings
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
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help=f"{STRATEGY_NAMES} (may be repeated: side by side), with refinements after a +: "
            "evidence+mmr.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure retrieval on labelled queries; a query without hits counts as zero.

    recall@k is the share of queries with a relevant file among the first k.

    Examples:

        mmrag evaluate --queries demo/queries.jsonl

        mmrag evaluate --queries queries.jsonl --domain receipts --json

        mmrag evaluate --queries queries.jsonl --strategy evidence --strategy evidence+mmr
    """
    settings = load_settings()
    labelled = read_queries(queries)
    asked = searchable_domains(settings, domain)
    for told in asked.told:
        warn(told)
    tables = open_tables(settings)
    held = (labels_of(tables, name) for name in tabled_partitions(settings, asked.domains))
    warn_of_labels(labelled, set[str]().union(*held))
    named = {name: named_ranking(settings, name) for name in strategy or ()}
    searcher = (
        open_searcher(settings, strategy[0], refine=()) if strategy else open_searcher(settings)
    )
    with open_pictures(settings) as read:
        result = measure(
            searcher,
            labelled,
            load_image=read,
            domains=tuple(asked.domains),
            strategies=named,
        )
    if as_json:
        print_json(result.as_json())
    else:
        OUT.print(evaluation_table(result))
    if asked.trouble:
        raise typer.Exit(1)


def warn_of_labels(queries: Sequence[LabelledQuery], keys: AbstractSet[str]) -> None:
    """Say what of the labels cannot count: slips of the pen look like a bad index."""
    absent = sorted({key for query in queries for key in query.relevant} - keys)
    if absent:
        told = counted(len(absent), "relevant key")
        warn(f"{told} not in the index, counted as not found: {_some(absent)}")
    ignored = sorted({name for query in queries for name in query.ignored})
    if ignored:
        warn(f"fields that are ignored: {_some(ignored)}; known: id, query, image, relevant, kind")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def evaluation_table(result: Evaluation) -> Table:
    """Return the measures as a table: a row per kind and ranking, fused first, all kinds last."""
    return rankings_table(f"{result.queries} queries", result.rankings())


def rankings_table(title: str, rankings: Mapping[str, Scores]) -> Table:
    """Return a table of rankings by name, those of each kind together, all kinds last."""
    kinds = next(iter(rankings.values())).kinds
    rows = [
        ("" if number else kind, name, *_numbers(scores, kind))
        for kind in [*kinds, "overall"]
        for number, (name, scores) in enumerate(rankings.items())
    ]
    return table(title, ("kind", "ranking", "queries", *_SHOWN), rows)


def _numbers(scores: Scores, kind: str) -> list[float | int]:
    values = scores.of(kind).as_json()
    return [values[name] for name in ("queries", *_SHOWN)]
