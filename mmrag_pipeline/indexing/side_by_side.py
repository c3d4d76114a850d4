"""Sorted streams of points side by side: whatever their length, a few batches are in memory."""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.schemas import COLLECTION


def side_by_side(streams: Mapping[str, Iterable[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Yield `point_id` and, per stream, its hash under its name and whether it `has_NAME` it.

    Each stream gives frames of COLLECTION's columns in ascending order of ids, of any sizes.
    Every id is in one row. Raises CorruptStateError for a stream that is not in order: rows
    that should meet would pass each other.
    """
    tapes = {name: _Tape(_ascending(name, frames)) for name, frames in streams.items()}
    while any([tape.fill() for tape in tapes.values()]):
        until = min(tape.last for tape in tapes.values() if not tape.ended)
        yield _joined({name: tape.take(until) for name, tape in tapes.items()})


class _Tape:
    """One stream, cut at any id."""

    def __init__(self, frames: Iterator[pl.DataFrame]) -> None:
        self._frames = frames
        self._rows = COLLECTION.to_frame()
        self.ended = False

    def fill(self) -> bool:
        """Read on where nothing is left; return whether something is."""
        while self._rows.is_empty() and not self.ended:
            frame = next(self._frames, None)
            self.ended = frame is None
            self._rows = self._rows if frame is None else frame
        return not self._rows.is_empty()

    @property
    def last(self) -> str:
        """Return the last id that is read; there is one."""
        return str(self._rows["point_id"][-1])

    def take(self, until: str) -> pl.DataFrame:
        """Return what is read up to an id, that included."""
        count = int(self._rows["point_id"].search_sorted(until, side="right"))
        taken, self._rows = self._rows.head(count), self._rows.slice(count)
        return taken


def _ascending(name: str, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    last = pl.Series("point_id", [], dtype=pl.String)
    for frame in frames:
        ids = pl.concat([last, frame["point_id"]])
        wrong = (ids.shift() >= ids).arg_true()
        if wrong.len():
            raise CorruptStateError(
                f"the {name} points are not in ascending order of their ids "
                f"({ids[wrong[0] - 1]} comes before {ids[wrong[0]]}), so they cannot be compared: "
                "`mmrag index --force` writes tables in order; a point of the collection whose id "
                "is no UUID is none of ours, remove it there"
            )
        last = ids.tail(1)
        yield frame


def _joined(parts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    named = [_named(name, rows) for name, rows in parts.items()]
    whole = named[0]
    for part in named[1:]:
        whole = whole.join(part, on="point_id", how="full", coalesce=True)
    return whole.sort("point_id").with_columns(
        pl.col(f"has_{name}").fill_null(value=False) for name in parts
    )


def _named(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    has = pl.lit(value=True).alias(f"has_{name}")
    return rows.select("point_id", has, pl.col("point_hash").alias(name))
