"""`mmrag fusion-train`: weights for the strategy `learned`, from labelled queries."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mmrag_pipeline.assembly import open_searcher, open_tables
from mmrag_pipeline.cli.console import ERR, OUT, print_json, printable, warn
from mmrag_pipeline.cli.evaluate import warn_of_labels
from mmrag_pipeline.cli.measured import rankings_table
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.cli.served import searchable_domains
from mmrag_pipeline.evaluation.examples import examples
from mmrag_pipeline.evaluation.fusion_training import Trained, trained
from mmrag_pipeline.evaluation.labels import unmet
from mmrag_pipeline.evaluation.trec import read_query_files
from mmrag_pipeline.parsing.query_pictures import open_pictures
from mmrag_pipeline.retrieval.fusion_model import model_text
from mmrag_pipeline.stores.files import replace_text

_FILE = "fusion.json"


def fusion_train(
    queries: Annotated[
        Path,
        typer.Option(
            "--queries", help="JSON Lines: id, query and/or image, relevant (keys), kind."
        ),
    ],
    domain: Domains = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="The file to write (default: MMRAG_FUSION_MODEL, else fusion.json in MMRAG_HOME).",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the strategy `learned`, and measure it on queries that it has not seen.

    For a form of query where it loses to one signal or to the evidence, these rank.

    Examples:

        mmrag fusion-train --queries queries.jsonl

        mmrag fusion-train --queries queries.jsonl --domain receipts --out fusion.json
    """
    settings = load_settings()
    labelled = read_query_files([queries])
    asked = searchable_domains(settings, domain)
    for told in asked.told:
        warn(told)
    domains = tuple(asked.domains)
    warn_of_labels(labelled, unmet(labelled, open_tables(settings), asked.domains))
    searcher = open_searcher(settings, "evidence", refine=())
    with open_pictures(settings) as read:
        given = examples(searcher, labelled, load_image=read, domains=domains)
    result = trained(given, domains=domains, trained_at=datetime.now(UTC))
    path = out or settings.fusion_model or settings.home / _FILE
    replace_text(path, model_text(result.model))
    _tell(result, path, as_json=as_json)
    if asked.trouble:
        raise typer.Exit(1)


def _tell(result: Trained, path: Path, *, as_json: bool) -> None:
    model = result.model
    if as_json:
        print_json(
            {
                "model": str(path),
                "revision": model.revision,
                "queries": model.card.queries,
                "folds": model.card.folds,
                "ways": dict(model.ways),
                "held_out": {name: own.as_json() for name, own in result.rankings().items()},
            }
        )
        return
    title = f"{model.card.queries} queries, each ranked by a fusion that has not seen it"
    OUT.print(rankings_table(title, result.rankings()))
    for form, way in model.ways.items():
        OUT.print(f"queries of form {form} are ranked by: {way}", markup=False)
    ERR.print(
        printable(f"written to {path}; use it with MMRAG_FUSION_MODEL={path} --strategy learned"),
        markup=False,
    )
