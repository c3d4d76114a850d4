"""What is left when runs, dates and attempts are taken away: the part that laws are about."""

import polars as pl

from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.records import Signal, SparseVector, StoredPoint

_VOLATILE = ("first_seen", "last_seen", "attempts")
_OWN = ("run_id", "_hash")

Point = tuple[dict[str, object], dict[Signal, tuple[float, ...]], SparseVector | None]
"""(payload, signal -> vector, sparse vector)."""


def index_points(world: World, partition: str) -> dict[str, Point]:
    """Return the points that the partition's alias serves, by id."""
    alias = collection_name(world.settings.collection_prefix, partition)
    with world.vectors.reader(alias) as index:
        ids = [point_id for frame in index.held() for point_id in frame["point_id"]]
        return {p.point_id: _point(p) for p in index.fetch(ids, vectors=True)}


def table_rows(world: World, partition: str) -> dict[str, list[dict[str, object]]]:
    """Return every table's rows without what depends on when and how often it was made."""
    names = [name for station in STATIONS for name in (station, failures_of(station))]
    return {name: _rows(world.tables.read(name, partition)) for name in names}


def serving(world: World, partition: str) -> str | None:
    """Return the collection that the partition's alias leads to."""
    return world.vectors.aliases().get(collection_name(world.settings.collection_prefix, partition))


def _point(point: StoredPoint) -> Point:
    payload = {name: value for name, value in point.payload.items() if name not in _OWN}
    dense = {signal: tuple(map(float, row)) for signal, row in sorted(point.dense.items())}
    return payload, dense, point.sparse


def _rows(table: pl.DataFrame | None) -> list[dict[str, object]]:
    if table is None:
        return [{"table": "absent"}]
    return table.drop(_VOLATILE, strict=False).to_dicts()
