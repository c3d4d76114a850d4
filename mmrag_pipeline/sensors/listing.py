"""The sensor that compares sources and tables and asks for runs of what is not up to date."""

import time
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dagster as dg

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import DOMAIN, domains
from mmrag_pipeline.errors import ListingError, MmragError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.sensors.situation import situation

BUSY = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
PARTITION_TAG = "dagster/partition"
SOURCE = "(the source)"
"""What a trouble is about that stands in the way of looking for domains."""
REST_S = 60.0
LONGEST_REST_S = 3_600.0
_FAILURES = 8
"""Failed runs looked at: as many as double REST_S beyond LONGEST_REST_S."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a source: pending situations by domain, and what could not be seen."""

    pending: Mapping[str, str]
    """Domain -> digest of its situation, for domains that a run would change."""
    troubles: Mapping[str, str]
    """Domain (or SOURCE) -> why it could not be looked at."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that failed, and when (Unix seconds)."""

    run_id: str
    ended_s: float


def decide(
    pending: Mapping[str, str], *, known: AbstractSet[str], busy: AbstractSet[str]
) -> dg.SensorResult:
    """Ask for a run per pending domain without a run in flight; add new domains.

    The run key holds the digest of the situation: the same situation is asked for once.
    """
    new = [name for name in pending if name not in known]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(partition_key=name, run_key=f"{name}@{digest}")
            for name, digest in sorted(pending.items())
            if name not in busy
        ],
        dynamic_partitions_requests=[domains.build_add_request(sorted(new))] if new else [],
    )


def due(
    pending: Mapping[str, str], failed: Mapping[str, Sequence[FailedRun]], *, now_s: float
) -> dict[str, str]:
    """Return what to ask for now: a run that failed makes the same situation another one.

    `failed` holds the failed runs by domain, the last first. After a failure a domain rests
    for REST_S, after each further one of the last two hours twice as long.
    """
    marked = {}
    for name, digest in pending.items():
        runs = failed.get(name, ())
        if not runs:
            marked[name] = digest
        elif now_s >= runs[0].ended_s + _rest_s(runs, now_s):
            marked[name] = f"{digest}@{runs[0].run_id}"
    return marked


def _rest_s(failed: Sequence[FailedRun], now_s: float) -> float:
    recent = sum(run.ended_s > now_s - 2 * LONGEST_REST_S for run in failed)
    return min(REST_S * 2.0 ** (recent - 1), LONGEST_REST_S)


def look(world: World, known: Collection[str] = ()) -> Look:
    """Look at every domain; one that cannot be looked at troubles only itself.

    `known` are domains to look at even when the source cannot say all that it has.
    """
    pending: dict[str, str] = {}
    troubles: dict[str, str] = {}
    try:
        names = world.source.domains()
    except ListingError as error:
        names, troubles[SOURCE] = sorted({*known, *error.found}), str(error)
    for name in names:
        try:
            digest = situation(world, check_partition(name))
        except MmragError as error:
            troubles[name] = str(error)
            continue
        if digest:
            pending[name] = digest
    return Look(pending, troubles)


@dg.sensor(
    job=INDEX,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Lists the source; asks for a run of each domain that is not up to date.",
)
def changed_files(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult | dg.SkipReason:
    """Compare listings (sizes and etags, no content) and models with the tables."""
    instance = context.instance
    busy = busy_domains(instance)  # before looking: what a run leaves half done is no situation
    known = frozenset(instance.get_dynamic_partitions(DOMAIN))
    seen = look(pipeline.world, known)
    for name, message in seen.troubles.items():
        context.log.warning(f"{name!r} could not be looked at: {message}")
    failed = {name: failed_runs(instance, name) for name in seen.pending}
    pending = due(seen.pending, failed, now_s=time.time())
    return decide(pending, known=known, busy=busy) if pending else dg.SkipReason(_idle(seen))


def _idle(seen: Look) -> str:
    resting = [f"resting after a failed run: {name}" for name in seen.pending]
    unseen = [f"{name}: {message}" for name, message in seen.troubles.items()]
    return "; ".join([*resting, *unseen]) or "every domain is up to date"


def busy_domains(instance: dg.DagsterInstance) -> set[str]:
    """Return the domains that a run waits for or works on."""
    waiting = dg.RunsFilter(statuses=list(BUSY))
    return {run.tags.get(PARTITION_TAG, "") for run in instance.get_runs(waiting)}


def failed_runs(instance: dg.DagsterInstance, domain: str) -> list[FailedRun]:
    """Return the newest failed runs of a domain, the last first."""
    wanted = dg.RunsFilter(
        job_name=INDEX.name,
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={PARTITION_TAG: domain},
    )
    records = instance.get_run_records(wanted, limit=_FAILURES)
    return [
        FailedRun(r.dagster_run.run_id, r.end_time or r.update_timestamp.timestamp())
        for r in records
    ]
