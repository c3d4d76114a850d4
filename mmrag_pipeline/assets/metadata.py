"""What an outcome looks like in the catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TypeAlias
from urllib.parse import urlsplit

import dagster as dg
import polars as pl

from mmrag_pipeline.assets.columns import column_lineage, column_schema
from mmrag_pipeline.evaluation.decided import Decided, decided
from mmrag_pipeline.evaluation.scores import Score, scores_of
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.generations import serving
from mmrag_pipeline.indexing.held_back import written
from mmrag_pipeline.indexing.history import verdict_on
from mmrag_pipeline.indexing.meter import Bill
from mmrag_pipeline.indexing.plan import MODEL_STATIONS
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import Lineage

PREVIEW_ROWS = 5
_CELL = 60
_SAID = ("payload", "text", "lines", "captions", "section", "sparse_text", "message")
_NAMED = ("key", "uri")
_HIDDEN = (*_SAID, *_NAMED)
"""Columns of what files say (who may see the catalog need not be allowed to read them) and of
their names: the event log outlives a file that is purged."""
_MEASURED = ("live", "candidate", "queries", "max_loss", "confidence")

Metadata: TypeAlias = Mapping[str, dg.MetadataValue]


def outcome_metadata(world: World, outcome: Outcome, frame: pl.DataFrame | None) -> Metadata:
    """Return counts, schema, lineage and a few rows of the table an outcome is about."""
    lineage = world.tables.lineage(outcome.station, outcome.partition)
    return {
        **_counts(outcome),
        **cost_metadata(outcome.bill, outcome.station),
        **_shape(world, outcome),
        **(_origin(lineage) if lineage else {}),
        **({"preview": preview(frame)} if frame is not None and frame.height else {}),
    }


def preview(frame: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """Return the first rows as a markdown table; cells are cut short and escaped."""
    head = frame.head(PREVIEW_ROWS)
    shown = [name for name in head.columns if name not in _HIDDEN]
    lines = [_line(shown), _line(["---"] * len(shown))]
    lines += [_line([_cell(row[name]) for name in shown]) for row in head.iter_rows(named=True)]
    return dg.MetadataValue.md("\n".join(lines))


def gate_metadata(world: World, partition: str, run_id: str) -> Metadata:
    """Return what the gate measured last of the collection that was written, if anything.

    With it stands what this run let serve in which one's place, and what it dropped.
    """
    name = written(world.tables, partition)
    numbers = verdict_on(world, partition, name)
    shown = {
        "written": dg.MetadataValue.text(name),
        "serving": dg.MetadataValue.text(serving(world, partition) or ""),
        **{key: dg.MetadataValue.text(str(numbers[key])) for key in _MEASURED if key in numbers},
        **_decided(decided(world.tables, partition, run_id)),
    }
    scores = scores_of(numbers)
    return {**shown, "scores": score_table(scores)} if scores else shown


def _decided(run: Decided | None) -> Metadata:
    """Return what a run decided; nothing of what it did not."""
    if run is None:
        return {}
    told = {
        "began_to_serve": f"{run.before} -> {run.candidate}" if run.serves else "",
        "gate": run.gate,
        "gate_said": run.told,
        "dropped": ", ".join(run.dropped),
    }
    return {name: dg.MetadataValue.text(text) for name, text in told.items() if text}


def score_table(scores: Sequence[Score]) -> dg.TableMetadataValue:
    """Return comparisons as a table."""
    records = [
        dg.TableRecord(
            {
                "ranking": score.ranking,
                "kind": score.kind,
                **asdict(score.found),
                "difference": score.found.difference,
            }
        )
        for score in scores
    ]
    return dg.MetadataValue.table(records)


def cost_metadata(bill: Bill, station: str) -> Metadata:
    """Return what a station spent, by kind of machine; nothing of one with nothing to do."""
    mine = bill.of(station)
    if mine is None:
        return {}
    money = {} if mine.money is None else {"cost": dg.MetadataValue.float(round(mine.money, 6))}
    return {
        f"seconds/{mine.machine}": dg.MetadataValue.float(round(mine.seconds, 4)),
        "lost_s": dg.MetadataValue.float(round(bill.lost_s(station), 4)),
        **money,
    }


def _counts(outcome: Outcome) -> Metadata:
    computed = "model_calls" if outcome.station in MODEL_STATIONS else "computed"
    return {
        "rows": dg.MetadataValue.int(outcome.rows),
        "dagster/partition_row_count": dg.MetadataValue.int(outcome.rows),
        computed: dg.MetadataValue.int(outcome.computed),
        "reused": dg.MetadataValue.int(outcome.reused),
        "failed": dg.MetadataValue.int(outcome.failed),
        "seconds": dg.MetadataValue.float(round(outcome.seconds, 4)),
        "unchanged": dg.MetadataValue.bool(outcome.unchanged),
        **{
            f"changes/{name}": dg.MetadataValue.int(number)
            for name, number in outcome.changes.items()
        },
    }


def _shape(world: World, outcome: Outcome) -> Metadata:
    shape: dict[str, dg.MetadataValue] = {
        "dagster/column_schema": dg.MetadataValue.table_schema(column_schema(outcome.station)),
        "dagster/column_lineage": dg.MetadataValue.column_lineage(column_lineage(outcome.station)),
    }
    if outcome.station == "collection":
        alias = collection_name(world.settings.collection_prefix, outcome.partition)
        shape["collection"] = dg.MetadataValue.text(world.vectors.aliases().get(alias, alias))
        shape["alias"] = dg.MetadataValue.text(alias)
        shape["dagster/uri"] = dg.MetadataValue.text(
            f"{_server(world.settings.qdrant_url)}/collections/{alias}"
        )
    return shape


def _server(url: str | None) -> str:
    """Return scheme, host and port of the server's address: the rest may hold secrets."""
    if url is None:
        return "embedded:"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # no address, and its pieces may be those of a password
        return "server:"
    if not host:
        return "server:"
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port}" if port else f"{parts.scheme}://{shown}"


def _origin(lineage: Lineage) -> Metadata:
    """Return where a table comes from: its digest, its models, the tables it was made of."""
    held = {
        "digest": dg.MetadataValue.text(lineage.digest),
        "recipe": dg.MetadataValue.text(lineage.recipe),
        "made_by_run": dg.MetadataValue.text(lineage.run_id),
        "made_from": dg.MetadataValue.json(dict(lineage.upstream)),
    }
    cards = {"cards": dg.MetadataValue.json(dict(lineage.cards))} if lineage.cards else {}
    return {**held, **cards}


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    """Return a value as inline code: what files hold is shown, never interpreted."""
    text = " ".join(str(value).split())
    cut = text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"
    safe = cut.replace("`", "'").replace("|", "¦")
    return f"`{safe}`" if safe else ""
