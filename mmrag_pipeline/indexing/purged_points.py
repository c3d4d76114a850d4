"""Points of purged files in every generation of a partition's collections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.indexing.generations import held_generations, serving
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Where

_BATCH = 1_000
_OWNER = pl.Schema({"point_id": pl.String(), "file_id": pl.String(), "digest": pl.String()})


@dataclass(frozen=True, slots=True)
class Staying:
    """Which points of a partition are none of the purged files'."""

    files: Mapping[str, str | None]
    """The purged ones: id -> key."""
    contents: pl.DataFrame | None
    """(file_id, digest) of the files that stay; None when no table tells."""
    points: pl.DataFrame | None
    """(point_id) of the points that one collection should hold; None when no table tells."""
    written: str
    """That collection; empty when no record tells."""


def staying(
    world: World, partition: str, files: Mapping[str, str | None], *, written: str
) -> Staying:
    """Return what may stay, as the tables tell that were purged already."""
    held = world.tables.read("raw_files", partition)
    points = world.tables.read("points", partition)
    return Staying(
        files,
        None if held is None else held.select("file_id", "digest"),
        None if points is None else points.select("point_id"),
        written,
    )


def delete_points(world: World, partition: str, keep: Staying) -> dict[str, int]:
    """Delete the purged files' points; return collection -> how many those were."""
    removed: dict[str, int] = {}
    for name in _everywhere(world, partition):
        with world.vectors.writer(name) as index:
            going = _going(index, keep, desired=name == keep.written)
            for start in range(0, len(going), _BATCH):
                index.delete(going[start : start + _BATCH])
            if going:
                index.flush()
        removed[name] = len(going)
    return removed


def points_left(world: World, partition: str, keep: Staying) -> dict[str, int]:
    """Return collection -> how many points of purged files it holds."""
    left: dict[str, int] = {}
    for name in _everywhere(world, partition):
        with world.vectors.reader(name) as index:
            left[name] = len(_going(index, keep, desired=name == keep.written))
    return left


def _everywhere(world: World, partition: str) -> list[str]:
    """Return the partition's collections, and what its alias leads to if that is another one."""
    served = serving(world, partition)
    held = held_generations(world, partition)
    return [*held, *([served] if served and served not in held else [])]


def _going(index: CollectionReader, keep: Staying, *, desired: bool) -> list[str]:
    """Return the ids of points that may not stay.

    They have a purged key. In the collection that the table of points is about they are also all
    that it does not ask for; in others, which other models may have filled at another time, all of
    files or contents that are no more: a purged file may have had another name or another content
    when its points were written.
    """
    keys = tuple(key for key in keep.files.values() if key is not None)
    named = _ids(index, Where(keys=keys))
    if desired and keep.points is not None:
        found = _ids(index, None)
        foreign = found.to_frame("point_id").join(keep.points, on="point_id", how="anti")
        return pl.concat([named, foreign["point_id"]]).unique().sort().to_list()
    return pl.concat([named, *_strangers(index, keep)]).unique().sort().to_list()


def _ids(index: CollectionReader, where: Where | None) -> pl.Series:
    held = [batch["point_id"] for batch in index.held(where)]
    return pl.concat([pl.Series("point_id", [], dtype=pl.String), *held])


def _strangers(index: CollectionReader, keep: Staying) -> Iterator[pl.Series]:
    """Yield the ids of points of purged files, or of contents that no file has now."""
    gone = pl.Series(list(keep.files), dtype=pl.String)
    for batch in index.held():
        for part in batch["point_id"].to_frame().iter_slices(_BATCH):
            rows = _owners(index, part["point_id"].to_list())
            yield rows.filter(pl.col("file_id").is_in(gone.implode()))["point_id"]
            if keep.contents is not None:
                yield rows.join(keep.contents, on=["file_id", "digest"], how="anti")["point_id"]


def _owners(index: CollectionReader, ids: list[str]) -> pl.DataFrame:
    """Return (point_id, file_id, digest) as the payloads tell."""
    rows = [
        (point.point_id, *(_text(point.payload.get(name)) for name in ("file_id", "digest")))
        for point in index.fetch(ids)
    ]
    return pl.DataFrame(rows, schema=_OWNER, orient="row")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
