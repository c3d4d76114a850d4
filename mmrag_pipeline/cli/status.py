"""`mmrag status`: what is indexed, with which models, and where it lies."""

from collections.abc import Mapping, Sequence

import polars as pl

from mmrag_pipeline.assembly import open_blobs, open_tables
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import OUT, counted, print_json, printable, table
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.ids import Json, collection_name
from mmrag_pipeline.ports import TableStore
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.poison import Poison, PoisonBox

_COUNTED = {
    "files": "raw_files",
    "pages": "pages",
    "tiles": "tiles",
    "chunks": "chunks",
    "points": "collection",
    "dead_letters": "dead_letters",
}


def status(domain: Domains = None, as_json: AsJson = False) -> None:
    """Show what is indexed per domain.

    Examples:

        mmrag status

        mmrag status --json
    """
    settings = load_settings()
    tables, blobs = open_tables(settings), open_blobs(settings)
    domains = indexed_domains(settings, domain)
    rows = {name: _domain(settings, tables, name) for name in domains}
    inbox = BlobInbox(blobs)
    waiting = {name: len(inbox.pending(name).events) for name in inbox.partitions()}
    strange = PoisonBox(blobs).poisoned()
    if as_json:
        messages: list[Json] = [{"cause": m.cause, "at": m.at.isoformat()} for m in strange]
        told: dict[str, Json] = {"waiting": dict(waiting), "not_understood": messages}
        print_json({"home": str(settings.home.absolute()), "domains": rows, "events": told})
        return
    columns = ("domain", *_COUNTED, "collection")
    cells = [(name, *(row[c] for c in _COUNTED), row["serving"]) for name, row in rows.items()]
    OUT.print(table(f"State under {settings.home}", columns, cells))
    _tell_events(waiting, strange)


def _tell_events(waiting: Mapping[str, int], strange: Sequence[Poison]) -> None:
    for name, number in waiting.items():
        OUT.print(f"{name}: {counted(number, 'event')} waiting for a run", markup=False)
    if strange:
        newest = printable(f"{strange[0].cause}")
        told = counted(len(strange), "message")
        OUT.print(f"{told} of the queue not understood; the newest: {newest}", markup=False)


def _domain(settings: Settings, tables: TableStore, domain: str) -> dict[str, Json]:
    counts: dict[str, Json] = {
        name: _rows(tables, station, domain) for name, station in _COUNTED.items()
    }
    applied = tables.lineage("collection", domain)
    points = tables.lineage("points", domain)
    return {
        **counts,
        "alias": collection_name(settings.collection_prefix, domain),
        "serving": applied.upstream.get("collection", "") if applied else "",
        "cards": dict(points.cards) if points else {},
        "run_id": applied.run_id if applied else "",
        "files_by_type": _types(tables, domain),
    }


def _rows(tables: TableStore, name: str, domain: str) -> int:
    lineage = tables.lineage(name, domain)
    return lineage.rows if lineage else 0


def _types(tables: TableStore, domain: str) -> dict[str, Json]:
    files = tables.read("raw_files", domain)
    if files is None:
        return {}
    counts = files.group_by("media_type").agg(pl.len().alias("files")).sort("media_type")
    return {str(kind): int(number) for kind, number in counts.iter_rows()}
