"""What became of earlier runs, as Dagster remembers it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.events import JobFailureData

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.materialize import LASTING
from mmrag_pipeline.assets.run_index import failure_message
from mmrag_pipeline.sensors.listing import PARTITION_TAG

LOOK_BACK = timedelta(days=2)
_CHECK_FAILED = "DagsterAssetCheckFailedError"
_TELLING = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.RUN_FAILURE,
}
_FINISHED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a domain and, when it is over, how it ended."""

    run_id: str
    status: dg.DagsterRunStatus
    ended_s: float
    """Unix seconds; of an unfinished run, when it was last heard of."""
    lasting: bool = False
    """Whether it failed in a way that another try cannot cure; known of the newest run only."""

    @property
    def finished(self) -> bool:
        """Return whether it is over."""
        return self.status in _FINISHED

    @property
    def failed(self) -> bool:
        """Return whether it failed."""
        return self.status is dg.DagsterRunStatus.FAILURE


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a run fail first, and whether another try meets it again."""

    message: str
    lasting: bool


def histories(
    instance: dg.DagsterInstance, names: Iterable[str], *, limit: int
) -> dict[str, Sequence[PastRun]]:
    """Return the newest runs of the job `index`, of those domains whose newest run failed.

    Failures of more than LOOK_BACK ago are history: a nightly reconcile has come after them.
    """
    lately = dg.RunsFilter(
        job_name=INDEX.name,
        statuses=[dg.DagsterRunStatus.FAILURE],
        updated_after=datetime.now(UTC) - LOOK_BACK,
    )
    # one query for all: a query per domain would cost seconds where there are hundreds
    failing = {run.tags.get(PARTITION_TAG, "") for run in instance.get_runs(lately)}
    found = {
        name: history_of(instance, name, limit=limit)
        for name in sorted(failing.intersection(names))
    }
    return {name: history for name, history in found.items() if history and history[0].failed}


def history_of(instance: dg.DagsterInstance, name: str, *, limit: int) -> Sequence[PastRun]:
    """Return the newest runs of a domain, the last first."""
    runs = [_past_run(record) for record in _records(instance, name, limit)]
    if runs and runs[0].failed:
        runs[0] = replace(runs[0], lasting=cause_of(instance, runs[0].run_id).lasting)
    return runs


def cause_of(instance: dg.DagsterInstance, run_id: str) -> Cause:
    """Return why a run failed: a blocking check, else a step, else the run itself."""
    entries = instance.all_logs(run_id, of_type=_TELLING)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    steps = [event for event in events if event.is_step_failure]
    told = [
        *(text for event in events if (text := _failed_check(event))),
        *map(failure_message, steps),
        *(_run_message(event) for event in events if event.is_run_failure),
    ]
    lasting = any(_is_lasting(event) for event in steps)
    return Cause(next(iter(told), "it did not say why"), lasting)


def _records(instance: dg.DagsterInstance, name: str, limit: int) -> Sequence[dg.RunRecord]:
    wanted = dg.RunsFilter(job_name=INDEX.name, tags={PARTITION_TAG: name})
    return instance.get_run_records(wanted, limit=limit)


def _past_run(record: dg.RunRecord) -> PastRun:
    run = record.dagster_run
    return PastRun(run.run_id, run.status, record.end_time or record.update_timestamp.timestamp())


def _failed_check(event: dg.DagsterEvent) -> str:
    """Return what a blocking check found, empty for any other event."""
    if event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return ""
    found = event.asset_check_evaluation_data
    blocks = found.blocking and found.severity is dg.AssetCheckSeverity.ERROR
    if found.passed or not blocks:
        return ""
    return f"{found.asset_key.to_user_string()}/{found.check_name}: {found.description}"


def _run_message(event: dg.DagsterEvent) -> str:
    data = event.event_specific_data
    error = data.error if isinstance(data, JobFailureData) else None
    return (error.cause or error).message.strip() if error else event.message or ""


def _is_lasting(failure: dg.DagsterEvent) -> bool:
    data = failure.step_failure_data
    told = data.user_failure_data.metadata.get(LASTING) if data.user_failure_data else None
    checked = data.error is not None and data.error.cls_name == _CHECK_FAILED
    return checked or (told is not None and told.value is True)
