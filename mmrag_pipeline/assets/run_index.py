"""Runs the job `index` in this process, partition by partition, where the UI can see it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import dagster as dg

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.declared import RETRIES
from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import add_partitions, forget_retired
from mmrag_pipeline.assets.stations import ASSETS, station_assets
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.interrupts import Watch
from mmrag_pipeline.ports import Progress
from mmrag_pipeline.resources.heartbeat import alive_tags, beating
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.resources.run_processes import end_lost_runs, process_tags
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.run_lock import running
from mmrag_pipeline.telemetry import trace_tags

BACKFILL_TAG = "mmrag/backfill"
ProgressOf = Callable[[str], Progress]
"""Gives each partition the place where its stations tell how far they are."""


@dataclass(frozen=True, slots=True)
class PartitionRun:
    """What became of one partition; `error` is empty when its run succeeded."""

    partition: str
    run_id: str
    outcomes: tuple[Outcome, ...]
    error: str = ""
    warnings: tuple[str, ...] = field(default=())
    """What stops nothing: failed checks, as `PARTITION ASSET/CHECK: message`, and what is left."""


def index_partitions(
    partitions: Sequence[str],
    *,
    instance: dg.DagsterInstance,
    settings: Settings,
    mode: Mode,
    progress: ProgressOf | None = None,
) -> list[PartitionRun]:
    """Bring these partitions up to date, one run each; a failed one stops no other.

    `mode.run_id` is not used: Dagster names the runs. Raises Interrupted, and SettingsError for
    queries of the gate that cannot be read.
    """
    from mmrag_pipeline.assembly import check_gate, open_world

    check_gate(settings)
    with running(settings.home), open_world(settings) as world:
        runs = run_partitions(world, partitions, instance=instance, mode=mode, progress=progress)
        return list(runs)


def run_partitions(
    world: World,
    partitions: Sequence[str],
    *,
    instance: dg.DagsterInstance,
    mode: Mode,
    progress: ProgressOf | None = None,
) -> Iterator[PartitionRun]:
    """Run the job on each partition of an open world and yield what became of it.

    A signal that asks to end stops the step under way and starts nothing further; it raises
    Interrupted.
    """
    end_lost_runs(instance)
    add_partitions(instance, partitions)
    with Watch() as watch:
        for partition in partitions:
            theirs = replace(world, progress=progress(partition)) if progress else world
            run = _run(Pipeline(theirs), partition, instance=instance, mode=mode, watch=watch)
            watch.check()
            yield run
    forget_retired(instance, world)


def index_job(pipeline: Pipeline) -> dg.JobDefinition:
    """Return the job `index` over a given world instead of that of the settings."""
    retries = pipeline.world.settings.step_retries
    definitions = dg.Definitions(
        assets=ASSETS if retries == RETRIES else station_assets(retries),
        asset_checks=CHECKS,
        jobs=[INDEX],
        resources={"pipeline": dg.ResourceDefinition.hardcoded_resource(pipeline)},
        executor=dg.in_process_executor,
    )
    return definitions.resolve_job_def(INDEX.name)


def _run(
    pipeline: Pipeline, partition: str, *, instance: dg.DagsterInstance, mode: Mode, watch: Watch
) -> PartitionRun:
    job = index_job(pipeline).with_hooks({_ending_run(watch)})
    run_id = str(uuid4())
    about = {"run_id": run_id, "partition": partition}
    with beating(instance, run_id), pipeline.world.telemetry.span("run", about) as trace:
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition,
            run_config=run_config(mode),
            raise_on_error=False,
            run_id=run_id,
            tags={
                **process_tags(run_id),
                **alive_tags(run_id),
                **_backfill_tags(mode),
                **trace_tags(trace),
            },
        )
    return PartitionRun(
        partition=partition,
        run_id=result.run_id,
        outcomes=tuple(pipeline.outcomes),
        error="" if result.success else _error(result),
        warnings=(
            *(f"{partition} {text}" for text in _failed(result, dg.AssetCheckSeverity.WARN)),
            *(f"{partition}: {text}" for text in pipeline.warnings),
        ),
    )


def _backfill_tags(mode: Mode) -> dict[str, str]:
    return {BACKFILL_TAG: mode.backfill} if mode.backfill else {}


def _ending_run(watch: Watch) -> dg.HookDefinition:
    """Return the hook that ends a run at a signal; Dagster would try the step again."""

    def end(_context: dg.HookContext, _events: Sequence[dg.DagsterEvent]) -> dg.HookExecutionResult:
        if watch.first:
            raise dg.DagsterExecutionInterruptedError
        return dg.HookExecutionResult("end_when_interrupted", is_skipped=True)

    return dg.HookDefinition(name="end_when_interrupted", hook_fn=end)


def run_config(mode: Mode) -> dict[str, object]:
    """Return the config of the job `index` that asks for this mode and keeps the console quiet."""
    quiet = {"console": {"config": {"log_level": "CRITICAL"}}}
    flags = {"force": mode.force, "replay": mode.replay}
    return {"loggers": quiet, "ops": {asset.op.name: {"config": flags} for asset in ASSETS}}


def _error(result: dg.ExecuteInProcessResult) -> str:
    """Return what failed first, without Dagster's wrapping: a check, or a step."""
    checks = _failed(result, dg.AssetCheckSeverity.ERROR)
    steps = (failure_message(event) for event in result.all_events if event.is_step_failure)
    unknown = f"run {result.run_id} failed before its first step: see its log in the UI"
    return next(iter([*checks, *steps]), unknown)


def failure_message(event: dg.DagsterEvent) -> str:
    """Return what made a step fail, without Dagster's wrapping."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error.cause or data.error if data.error else None
    return error.message.strip() if error else str(event.message)


def _failed(result: dg.ExecuteInProcessResult, severity: dg.AssetCheckSeverity) -> list[str]:
    return [
        f"{evaluation.asset_key.to_user_string()}/{evaluation.check_name}: {evaluation.description}"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity is severity
    ]
