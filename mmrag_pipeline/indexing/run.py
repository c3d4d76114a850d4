"""Runs a step on a partition: read, make what is stale, write tables with their lineage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from mmrag_pipeline.cost_records import Counts
from mmrag_pipeline.errors import CorruptStateError, OvertakenError
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.indexing.commit import read_table, write_table
from mmrag_pipeline.indexing.failures import failures_of, open_retries
from mmrag_pipeline.indexing.inherited import held_failures
from mmrag_pipeline.indexing.meter import Bill, Meter
from mmrag_pipeline.indexing.station import Job, Made, Mode, Recipe, Station, Step, World
from mmrag_pipeline.indexing.told import tell, told_step
from mmrag_pipeline.overtaken import retried
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.schemas import TABLES

FORGOTTEN = "answers_forgotten"
"""Change of a collection: cached answers of before other rules of redaction that were dropped."""
REPORTS_FORGOTTEN = "reports_forgotten"
"""Change of a collection: kept reports of before them that were dropped."""


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
    """Its own model's time and an equal share of what its step did for all its stations."""
    unchanged: bool
    """True when nothing the table depends on had changed, so nothing was made."""
    digest: str
    changes: Mapping[str, int] = field(default_factory=dict)
    bill: Bill = field(default_factory=Bill)
    """Of its whole step; empty where nothing had changed."""


def run_step(
    world: World, step: Step, partition: str, *, mode: Mode, only: Sequence[str] = ()
) -> list[Outcome]:
    """Run a step's stations (or those named in `only`); unchanged ones cost one footer read.

    When another run replaced a table of a station, or one that it is made of, meanwhile, it starts
    anew: an older run never has the last word. Raises OvertakenError when that happens again and
    again.
    """
    world = world.of(partition)
    chosen = [s for s in step.stations if not only or s.name in only]
    with told_step(world, [s.name for s in chosen], partition, mode):
        outcomes = _run_chosen(world, replace(step, stations=tuple(chosen)), partition, mode=mode)
    for outcome in outcomes:
        tell(world, outcome)
    return outcomes


def _run_chosen(world: World, step: Step, partition: str, *, mode: Mode) -> list[Outcome]:
    chosen, names = step.stations, [s.name for s in step.stations]
    meter = world.meter.starts(names, partition, run_id=mode.run_id, at=world.clock())
    world = replace(world, meter=meter)
    recipes = {s.name: s.recipe(world) for s in chosen}

    def make() -> Mapping[str, Made]:
        held = {s.name: world.tables.lineage(s.name, partition) for s in chosen}
        stale = [
            s for s in chosen if not _is_fresh(world, s, recipes[s.name], partition, mode=mode)
        ]
        jobs = {
            name: replace(job, replaces=held[name])
            for name, job in _jobs(world, stale, recipes, partition, mode=mode).items()
        }
        made = step.make(world, jobs) if jobs else {}
        for station in stale:
            _commit(world, station, jobs[station.name], made[station.name])
        return made

    with meter.metering():
        made = retried(make)
        models_s = sum(one.model_s for one in made.values())
        shared_s = (meter.seconds - models_s) / max(len(chosen), 1)
        found = [_outcome(world, name, partition, made.get(name), shared_s) for name in names]
    return _billed(meter, found) if made else found


def _billed(meter: Meter, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Write down what a step that had something to do spent."""
    seconds = {one.station: max(one.seconds, 0.0) for one in outcomes}
    counts = {
        one.station: Counts(one.computed, one.reused * (not one.unchanged), one.failed)
        for one in outcomes
    }
    bill = meter.bill(seconds, counts)
    return [replace(one, bill=bill) for one in outcomes]


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
    current = is_current(world, station, recipe, partition)
    return current and not _has_open_retries(world, station.name, partition)


def is_current(world: World, station: Station, recipe: Recipe, partition: str) -> bool:
    """Return whether a table was made by this recipe from the tables beside it."""
    last = world.tables.lineage(station.name, partition)
    if last is None or last.recipe != recipe.digest:
        return False
    failures = world.tables.lineage(failures_of(station.name), partition)
    now = upstream_digests(world, station.upstream, partition)
    return failures is not None and dict(last.upstream) == {
        **now,
        failures.table: failures.digest,
    }


def _has_open_retries(world: World, station: str, partition: str) -> bool:
    lineage = world.tables.lineage(failures_of(station), partition)
    if lineage is None or lineage.rows == 0:
        return False
    rows = world.tables.read(failures_of(station), partition)
    return rows is None or not open_retries(rows, world.settings.transient_attempts).is_empty()


def _jobs(
    world: World,
    stations: Sequence[Station],
    recipes: Mapping[str, Recipe],
    partition: str,
    *,
    mode: Mode,
) -> dict[str, Job]:
    """Return each station's job; an upstream table of several is read once."""
    upstream_digests(world, [name for s in stations for name in s.upstream], partition)
    needs = {s.name: () if s.commits_itself else s.upstream for s in stations}
    wanted = dict.fromkeys(name for names in needs.values() for name in names)
    tables = {name: _read_with_lineage(world, name, partition) for name in wanted}
    _check_belong_together([lineage for _, lineage in tables.values()])
    return {
        station.name: Job(
            partition,
            mode,
            recipes[station.name],
            {name: tables[name][0] for name in needs[station.name]},
            {name: tables[name][1].digest for name in needs[station.name]},
            last_failures(world, station, recipes[station.name], partition),
        )
        for station in stations
    }


def _read_with_lineage(world: World, name: str, partition: str) -> tuple[pl.DataFrame, Lineage]:
    """Return a table that must be there and the lineage of just these rows."""
    frame, lineage = read_table(world, name, partition)
    if frame is None or lineage is None:
        raise CorruptStateError(f"table {name!r} of {partition!r} vanished while it was read")
    return frame, lineage


def _check_belong_together(read: Sequence[Lineage]) -> None:
    """Raise OvertakenError for tables of which one was made from another version of another.

    They tell of two moments: a page would be drawn from the content that its file has by now, and
    what is computed of that would be remembered under the name of the page.
    """
    digests = {lineage.table: lineage.digest for lineage in read}
    for lineage in (one for one in read if one.table in TABLES):
        for name, digest in lineage.upstream.items():
            if digests.get(name, digest) != digest:
                raise OvertakenError(
                    f"table {lineage.table!r} of {lineage.partition!r} was made from another "
                    f"{name!r} than there is now: let the other run of this partition end, or "
                    f"materialize {lineage.table!r} first, and run again (`mmrag index` makes all)"
                )


def last_failures(world: World, station: Station, recipe: Recipe, partition: str) -> pl.DataFrame:
    """Return what the station could not do last time, under the same recipe."""
    return held_failures(world.tables, failures_of(station.name), partition, recipe.digest)


def _commit(world: World, station: Station, job: Job, made: Made) -> None:
    """Write failures, then the table that names their digest: it is fresh only beside them."""
    failures = failures_of(station.name)
    if not station.commits_itself:
        _check_not_overtaken(world, station, job)
    write_table(world, job, failures, made.failures)
    if not station.commits_itself:
        upstream = {**job.upstream, failures: table_digest(made.failures)}
        beside = replace(job, upstream=upstream)
        write_table(world, beside, station.name, made.table, replaces=job.replaces)
    made.committed()


def _check_not_overtaken(world: World, station: Station, job: Job) -> None:
    """Raise OvertakenError when the tables are others by now than those the job began with."""
    if (
        world.tables.lineage(station.name, job.partition) != job.replaces
        or upstream_digests(world, station.upstream, job.partition) != job.upstream
    ):
        raise OvertakenError(
            f"another run of {job.partition!r} replaced what {station.name!r} is made of, again "
            "and again; nothing was overwritten: run again when the other run has ended"
        )


def _outcome(
    world: World, station: str, partition: str, made: Made | None, shared_s: float
) -> Outcome:
    lineage = world.tables.lineage(station, partition)
    failed = world.tables.lineage(failures_of(station), partition)
    if lineage is None:
        raise CorruptStateError(f"table {station!r} of {partition!r} vanished while it was made")
    return Outcome(
        station=station,
        partition=partition,
        rows=lineage.rows,
        computed=made.computed if made else 0,
        reused=made.reused if made else lineage.rows,
        failed=failed.rows if failed else 0,
        seconds=shared_s + (made.model_s if made else 0.0),
        unchanged=made is None,
        digest=lineage.digest,
        changes=made.changes if made else {},
    )
