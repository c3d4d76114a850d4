"""What there is to tell of each generation of a partition."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.ids import Json
from mmrag_pipeline.indexing import generations
from mmrag_pipeline.indexing.applied import is_complete
from mmrag_pipeline.indexing.history import history
from mmrag_pipeline.indexing.next_generation import tuning
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import Weighed
from mmrag_pipeline.records import Layout


@dataclass(frozen=True, slots=True)
class Decision:
    """A line of the history."""

    at: datetime
    collection: str
    event: str
    by: str
    reason: str
    run_id: str
    verdict: Mapping[str, Json]
    """What the gate measured for it; empty where it was not asked."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A collection of a partition and what became of it."""

    number: int
    collection: str
    layout: Layout
    serves: bool
    complete: bool
    """Whether its last change was made to its end: only such a one can be chosen."""
    points: int | None
    """None while another process has it open."""
    size_bytes: int | None
    """On the disk; None where its store cannot tell cheaply."""
    since: datetime | None
    """When the one that serves was chosen."""
    last: Decision | None
    tuning: tuple[Tuned, ...]
    """How it is kept; empty while another process has it open."""


def decisions_of(world: World, partition: str) -> list[Decision]:
    """Return all that was decided on the partition's generations, also on those that are gone."""
    return _decisions(history(world, partition))


def _decisions(rows: pl.DataFrame) -> list[Decision]:
    return [Decision(**{**row, "verdict": json.loads(row["verdict"])}) for row in rows.to_dicts()]


def generations_of(world: World, partition: str) -> list[Generation]:
    """Return the generations that are held, the oldest first; models are not needed."""
    rows = history(world, partition)
    return [
        _generation(world, partition, name, rows.filter(pl.col("collection") == name))
        for name in generations.held_generations(world, partition)
    ]


def _generation(world: World, partition: str, name: str, rows: pl.DataFrame) -> Generation:
    serves = generations.serving(world, partition) == name
    last = next(iter(_decisions(rows.tail(1))), None)
    points = _points(world, name)
    return Generation(
        number=generations.number_of(world, partition, name),
        collection=name,
        layout=world.vectors.layouts()[name],
        serves=serves,
        complete=is_complete(world.vectors.marks(name)),
        points=points,
        size_bytes=world.vectors.size_bytes(name) if isinstance(world.vectors, Weighed) else None,
        since=last.at if last and serves else None,
        last=last,
        tuning=() if points is None else tuple(tuning(world, name)),
    )


def _points(world: World, name: str) -> int | None:
    try:
        with world.vectors.reader(name) as index:
            return index.count()
    except CollectionBusyError:
        return None
