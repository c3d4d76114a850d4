"""explain: the way back from a point to the file, page and models that it came from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from pydantic import TypeAdapter

from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.records import Box, Lineage


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """The raw file that a point came from, as raw_files has it now."""

    file_id: str
    key: str
    uri: str
    digest: str
    media_type: str
    size_bytes: int
    modified_at: datetime
    visibility: tuple[str, ...]
    category: str | None
    """None until a run of this version has looked at it."""
    version: str | None
    """The version of the object at `uri` that was read; None where the source keeps none."""


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """The page of that file."""

    page_no: int
    page_digest: str
    width_px: int
    height_px: int
    dpi: float | None
    raster: str


@dataclass(frozen=True, slots=True)
class PartOrigin:
    """The tile or chunk of that page; `box` is None for text files and whole captions."""

    kind: str
    box: Box | None
    text: str
    section: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a point comes from and whether the index holds it like that."""

    point_id: str
    file: FileOrigin
    page: PageOrigin
    part: PartOrigin
    cards: Mapping[str, str]
    """Role -> fingerprint of the model that had a part in it."""
    served_by: str | None
    """The serving collection that holds the point with today's hash, or None."""
    applied_by_run: str | None
    """The run that wrote it there."""
    lineage: tuple[Lineage, ...]
    """Each table's lineage, in the order of the data."""


_FILE, _PAGE = TypeAdapter(FileOrigin), TypeAdapter(PageOrigin)


def explain(world: World, partition: str, point_id: str) -> Explanation:
    """Walk from a point to chunk or tile, page, raw file, cards and tables.

    Raises NotFoundError when the partition has no such point.
    """
    row = _row(world, "points", partition, pl.col("point_id") == point_id)
    payload = json.loads(str(row["payload"]))
    owner = pl.col("file_id") == payload["file_id"]
    file = _row(world, "raw_files", partition, owner)
    page = _row(world, "pages", partition, owner & (pl.col("page_no") == payload["page_no"]))
    served_by, run = _served(world, partition, point_id, str(row["point_hash"]))
    return Explanation(
        point_id=point_id,
        file=_FILE.validate_python({name: file[name] for name in FileOrigin.__dataclass_fields__}),
        page=_PAGE.validate_python({name: page[name] for name in PageOrigin.__dataclass_fields__}),
        part=_part(payload),
        cards={role: card for role, card in payload["cards"].items() if card is not None},
        served_by=served_by,
        applied_by_run=run,
        lineage=_lineage(world, partition),
    )


def _row(world: World, table: str, partition: str, which: pl.Expr) -> dict[str, object]:
    frame = world.tables.read(table, partition)
    rows = [] if frame is None else frame.filter(which).head(1).to_dicts()
    if not rows:
        raise NotFoundError(
            f"{partition!r} has no such row in its table {table!r}: check the point id and the "
            "domain, or run `mmrag index` if files changed since"
        )
    return rows[0]


def _part(payload: Mapping[str, object]) -> PartOrigin:
    sides = payload["box"]
    box = Box(*sides) if isinstance(sides, list) else None
    confidence = payload["confidence"]
    return PartOrigin(
        kind=str(payload["kind"]),
        box=box,
        text=str(payload["text"]),
        section=str(payload["section"]),
        confidence=confidence if isinstance(confidence, float) else None,
    )


def _served(
    world: World, partition: str, point_id: str, point_hash: str
) -> tuple[str | None, str | None]:
    alias = collection_name(world.settings.collection_prefix, partition)
    name = world.vectors.aliases().get(alias)
    if name is None:
        return None, None
    with world.vectors.reader(name) as index:
        found = index.fetch([point_id])
    if not found or found[0].payload.get("_hash") != point_hash:
        return None, None
    return name, str(found[0].payload.get("run_id"))


def _lineage(world: World, partition: str) -> tuple[Lineage, ...]:
    found = [world.tables.lineage(name, partition) for name in STATIONS]
    return tuple(lineage for lineage in found if lineage is not None)
