"""Runs a step on a partition: read, make what is stale, write tables with their lineage."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.commit import write_table
from mmrag_pipeline.indexing.station import Job, Made, Mode, Recipe, Station, Step, World
from mmrag_pipeline.schemas import FAILURES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a station did on a partition, for people and for metadata."""

    station: str
    partition: str
    rows: int
    computed: int
    reused: int
    failed: int
    seconds: float
    unchanged: bool
    """True when nothing the table depends on had changed, so nothing was made."""
    digest: str
    changes: Mapping[str, int] = field(default_factory=dict)


def run_step(
    world: World, step: Step, partition: str, *, mode: Mode, only: Sequence[str] = ()
) -> list[Outcome]:
    """Run a step's stations (or those named in `only`); unchanged ones cost one footer read."""
    started = time.perf_counter()
    chosen = [s for s in step.stations if not only or s.name in only]
    recipes = {s.name: s.recipe(world) for s in chosen}
    stale = [s for s in chosen if not _is_fresh(world, s, recipes[s.name], partition, mode=mode)]
    jobs = {s.name: _job(world, s, recipes[s.name], partition, mode=mode) for s in stale}
    made = step.make(world, jobs) if jobs else {}
    for station in stale:
        _commit(world, station, jobs[station.name], made[station.name])
    seconds = (time.perf_counter() - started) / max(len(chosen), 1)
    return [_outcome(world, s.name, partition, made.get(s.name), seconds) for s in chosen]


def upstream_digests(world: World, names: Sequence[str], partition: str) -> dict[str, str]:
    """Return the digest of each upstream table; raises CorruptStateError when one is missing."""
    found = {name: world.tables.lineage(name, partition) for name in names}
    absent = [name for name, lineage in found.items() if lineage is None]
    if absent:
        raise CorruptStateError(
            f"partition {partition!r} has no table {absent[0]!r} yet: "
            "materialize the upstream assets first (`mmrag index` does all of them)"
        )
    return {name: lineage.digest for name, lineage in found.items() if lineage is not None}


def _is_fresh(
    world: World, station: Station, recipe: Recipe, partition: str, *, mode: Mode
) -> bool:
    if station.stateful or mode.force or mode.replay:
        return False
    last = world.tables.lineage(station.name, partition)
    if last is None or last.recipe != recipe.digest:
        return False
    if dict(last.upstream) != upstream_digests(world, station.upstream, partition):
        return False
    return not _has_open_retries(world, station.name, partition)


def _has_open_retries(world: World, station: str, partition: str) -> bool:
    lineage = world.tables.lineage(f"failures.{station}", partition)
    if lineage is None or lineage.rows == 0:
        return False
    rows = world.tables.read(f"failures.{station}", partition)
    limit = world.settings.transient_attempts
    return (
        rows is not None
        and not rows.filter(pl.col("transient") & (pl.col("attempts") < limit)).is_empty()
    )


def _job(world: World, station: Station, recipe: Recipe, partition: str, *, mode: Mode) -> Job:
    upstream_digests(world, station.upstream, partition)
    frames = {}
    for name in station.upstream:
        frame = world.tables.read(name, partition)
        if frame is not None:
            frames[name] = frame
    previous = world.tables.read(station.name, partition)
    return Job(
        partition,
        mode,
        recipe,
        frames,
        previous,
        _failures(world, station, recipe, partition, mode),
    )


def _failures(
    world: World, station: Station, recipe: Recipe, partition: str, mode: Mode
) -> pl.DataFrame:
    name = f"failures.{station.name}"
    lineage = world.tables.lineage(name, partition)
    rows = None if lineage is None or mode.replay else world.tables.read(name, partition)
    if rows is None or lineage is None or lineage.recipe != recipe.digest:
        return pl.DataFrame(schema=FAILURES)
    return rows


def _commit(world: World, station: Station, job: Job, made: Made) -> None:
    """Write failures first: a table is only as fresh as what it could not do."""
    write_table(world, job, f"failures.{station.name}", made.failures)
    if not station.commits_itself:
        write_table(world, job, station.name, made.table)


def _outcome(
    world: World, station: str, partition: str, made: Made | None, seconds: float
) -> Outcome:
    lineage = world.tables.lineage(station, partition)
    failed = world.tables.lineage(f"failures.{station}", partition)
    if lineage is None:
        raise CorruptStateError(f"table {station!r} of {partition!r} vanished while it was made")
    return Outcome(
        station=station,
        partition=partition,
        rows=lineage.rows,
        computed=made.computed if made else 0,
        reused=made.reused if made else lineage.rows,
        failed=failed.rows if failed else 0,
        seconds=seconds,
        unchanged=made is None,
        digest=lineage.digest,
        changes=made.changes if made else {},
    )
