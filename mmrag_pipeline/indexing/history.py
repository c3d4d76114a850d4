"""The history of a partition's generations: what became of each, by whom, and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from mmrag_pipeline.errors import OvertakenError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.generation_records import GenerationEvent
from mmrag_pipeline.ids import Json, canonical_json
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.ports import Replaces
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import GENERATIONS

CHOSEN = ("served", "promoted", "restored")
"""Events after which a generation serves."""
KEPT_BACK = ("refused", "rolled_back")
"""Events after which one that is brought up to date does not serve."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who or what decided on a generation, and why."""

    by: str
    reason: str = ""
    run_id: str = ""
    verdict: Mapping[str, Json] = field(default_factory=dict)
    after: Replaces = "anything"
    """The history that was read for it; a person's word counts whatever stands there."""


def history(world: World, partition: str) -> pl.DataFrame:
    """Return what became of the generations, in GENERATIONS' schema, the latest last."""
    return rows_of(world.tables, "generations", partition)


def last_event(world: World, partition: str, name: str) -> str:
    """Return the last decision on a collection, empty without any."""
    return last_events(world, partition).get(name, "")


def note(world: World, partition: str, events: Mapping[str, GenerationEvent], said: Said) -> None:
    """Add lines to the history, a collection's each, all or none; they never change afterwards.

    With `said.after` they are only added to the history that was decided upon; raises
    OvertakenError when somebody else decided meanwhile.
    """
    told = canonical_json(dict(said.verdict))
    rows = [
        (world.clock(), name, event, said.by, said.reason, told, said.run_id)
        for name, event in events.items()
    ]
    lines = pl.DataFrame(rows, schema=GENERATIONS, orient="row")

    def add() -> None:
        before = world.tables.lineage("generations", partition)
        if said.after not in ("anything", before):
            raise OvertakenError(
                f"somebody decided which generation serves {partition!r} while a run did: run again"
            )
        table = pl.concat([history(world, partition), lines])
        digest = table_digest(table)
        lineage = Lineage("generations", partition, digest, table.height, {}, "", {}, said.run_id)
        world.tables.write(table, lineage, replaces=before)

    retried(add)


def verdict_on(world: World, partition: str, name: str) -> Mapping[str, Json]:
    """Return the numbers of the last decision on a generation; empty without any."""
    rows = history(world, partition).filter(
        (pl.col("collection") == name) & (pl.col("verdict") != "{}")
    )
    told: Mapping[str, Json] = json.loads(rows["verdict"][-1]) if rows.height else {}
    return told


def last_events(world: World, partition: str) -> dict[str, str]:
    """Return collection -> the last decision on it, the latest decision last."""
    last: dict[str, str] = {}
    for name, event in history(world, partition).select("collection", "event").iter_rows():
        last.pop(name, None)
        last[name] = event
    return last


def ended(rows: pl.DataFrame) -> dict[str, datetime]:
    """Return collection -> when it served last, in the order of that."""
    times: dict[str, datetime] = {}
    last: str | None = None
    chosen = rows.filter(pl.col("event").is_in(CHOSEN))
    for name, at in chosen.select("collection", "at").iter_rows():
        if last is not None and last != name:
            times.pop(last, None)
            times[last] = at
        last = name
    return times
