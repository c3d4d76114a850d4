"""What a person wants to know while Dagster indexes: a line per event that matters, no more."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.error import URLError
from urllib.request import urlopen

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType, TickStatus

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.ports import TableStore
from mmrag_pipeline.resources.run_processes import UNFINISHED, process_of
from mmrag_pipeline.sensors.listing import PARTITION_TAG
from mmrag_pipeline.sensors.past_runs import cause_of

_MOST = 100
"""Runs that one look tells of."""
_CAUSE_CHARACTERS = 300
_OVER = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]


@dataclass(slots=True)
class Progress:
    """Tells of runs that begin or end, each once, and how far a first one is now and then.

    A sensor that fails is told of once, too, and again when it fails in another way.
    """

    instance: dg.DagsterInstance
    tables: TableStore
    waiting: set[str]
    """Domains that were not indexed since this began."""
    quiet_s: float = 10.0
    """A first run says how far it is when nothing was said for longer."""
    _begun: dict[str, int] = field(default_factory=dict)
    """Domain under way for the first time -> how many of its tables were there when last told."""
    _over: set[str] = field(default_factory=set)
    _quiet_since: float = 0.0
    _since_s: float = field(default_factory=time.time)
    _troubles: dict[str, str] = field(default_factory=dict)
    """Sensor -> why its last look failed, empty when it did not."""

    def __post_init__(self) -> None:
        self._over = {record.dagster_run.run_id for record in self._records()}

    def lines(self) -> Iterator[str]:
        """Yield what to say since the last look: of sensors, then of runs, the oldest first."""
        yield from self._failing_sensors()
        for record in reversed(self._records()):
            run = record.dagster_run
            name = run.tags.get(PARTITION_TAG, "")
            if run.is_finished and run.run_id not in self._over:
                self._over.add(run.run_id)
                yield self._told(self._ended(record, name))
            elif run.status is dg.DagsterRunStatus.STARTED and name in self.waiting:
                yield from self._under_way(name)

    def _failing_sensors(self) -> Iterator[str]:
        for state in self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
            ticks = self.instance.get_ticks(
                state.instigator_origin_id,
                state.selector_id,
                after=self._since_s,
                limit=1,
                statuses=_OVER,
            )
            why = next((_shown((t.error.cause or t.error).message) for t in ticks if t.error), "")
            if why and why != self._troubles.get(state.name):
                yield self._told(f"the sensor {state.name} fails: {why} (the UI says more)")
            self._troubles[state.name] = why

    def _under_way(self, name: str) -> Iterator[str]:
        made = sum(self.tables.lineage(station, name) is not None for station in STATIONS)
        if name not in self._begun:
            self._begun[name] = made
            yield self._told(f"{name}: is being indexed")
        elif made > self._begun[name] and time.monotonic() - self._quiet_since > self.quiet_s:
            self._begun[name] = made
            yield self._told(f"{name}: {made} of {len(STATIONS)} tables are made")

    def _told(self, line: str) -> str:
        self._quiet_since = time.monotonic()
        return line

    def _ended(self, record: dg.RunRecord, name: str) -> str:
        run = record.dagster_run
        took = f"{(record.end_time or 0) - (record.start_time or 0):.0f} s"
        if run.is_success:
            self.waiting.discard(name)
            self._begun.pop(name, None)
            applied = self.tables.lineage("collection", name)
            return f"{name}: indexed, {applied.rows if applied else 0:,} points ({took})"
        self._begun.pop(name, None)
        why = _shown(cause_of(self.instance, run.run_id).message)
        return f"{name}: {run.status.value.lower()} after {took}: {why} (the UI says more)"

    def _records(self) -> list[dg.RunRecord]:
        return list(self.instance.get_run_records(dg.RunsFilter(job_name=INDEX.name), limit=_MOST))


def _shown(message: str) -> str:
    """Return a message in one line that is not too long."""
    return f"{' '.join(message.split()):.{_CAUSE_CHARACTERS}}"


def runs_under_way(instance: dg.DagsterInstance) -> list[str]:
    """Return the ids of the runs that have a process on this machine."""
    runs = instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))
    placed = [(run.run_id, process) for run in runs if (process := process_of(run))]
    return [run_id for run_id, process in placed if process.is_here() and not process.is_gone()]


def is_up(url: str) -> bool:
    """Return whether Dagster's web server answers."""
    try:
        with urlopen(f"{url}/server_info", timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
