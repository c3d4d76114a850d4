"""`mmrag status`: what is indexed, with which models, and where it lies."""

import polars as pl

from mmrag_pipeline.assembly import open_tables
from mmrag_pipeline.cli.chosen import indexed_domains
from mmrag_pipeline.cli.console import OUT, print_json, table
from mmrag_pipeline.cli.options import AsJson, Domains, load_settings
from mmrag_pipeline.ids import Json, collection_name
from mmrag_pipeline.ports import TableStore
from mmrag_pipeline.settings import Settings

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
    tables = open_tables(settings)
    domains = indexed_domains(settings, domain)
    rows = {name: _domain(settings, tables, name) for name in domains}
    if as_json:
        print_json({"home": str(settings.home.absolute()), "domains": rows})
        return
    columns = ("domain", *_COUNTED, "collection")
    cells = [(name, *(row[c] for c in _COUNTED), row["serving"]) for name, row in rows.items()]
    OUT.print(table(f"State under {settings.home}", columns, cells))


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
