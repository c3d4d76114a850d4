"""What Dagster loads: assets, checks, jobs, sensors, schedules and their resources."""

import dagster as dg

from mmrag_pipeline.assets.backfill import backfill_job, lanes
from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.costs import COSTS, costs
from mmrag_pipeline.assets.evaluation import EVALUATE, EVALUATION_ASSETS
from mmrag_pipeline.assets.job import DRIFT_CHECK, INDEX
from mmrag_pipeline.assets.stations import GPU_OPS, station_assets
from mmrag_pipeline.assets.upkeep import MEMO_UPKEEP, PURGE
from mmrag_pipeline.resources.books import books
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.evaluator import evaluator
from mmrag_pipeline.resources.intake import intake
from mmrag_pipeline.resources.k8s_rules import check_cluster, instance_config
from mmrag_pipeline.resources.pipeline import PipelineResource
from mmrag_pipeline.sensors.failures import failure_sensor
from mmrag_pipeline.sensors.listing import changed_files
from mmrag_pipeline.sensors.s3_events import event_sensor
from mmrag_pipeline.sensors.schedules import schedules
from mmrag_pipeline.settings import Settings


def definitions(
    settings: Settings, *, pipeline: dg.ResourceDefinition | None = None
) -> dg.Definitions:
    """Return what these settings ask for; raises SettingsError for what a cluster would break on.

    A given `pipeline` stands in for the world of the settings.

    All is on by default where a daemon runs, but the sensor that lists sources: events or the
    nightly reconcile do for most.
    """
    check_cluster(settings, instance_config(settings))
    stations = station_assets(settings.step_retries)
    events = [event_sensor(settings)] if settings.queue_url else []
    failures = failure_sensor(settings, status=dg.DefaultSensorStatus.RUNNING)
    timed = schedules(settings, MEMO_UPKEEP, status=dg.DefaultScheduleStatus.RUNNING)
    return dg.Definitions(
        assets=[*stations, *EVALUATION_ASSETS, costs],
        asset_checks=CHECKS,
        jobs=[INDEX, backfill_job(settings), DRIFT_CHECK, EVALUATE, COSTS, MEMO_UPKEEP, PURGE],
        sensors=[changed_files, failures, *events],
        schedules=timed,
        resources={
            "pipeline": pipeline or PipelineResource(),
            "evaluator": evaluator,
            "intake": intake,
            "books": books,
        },
        executor=_executor(settings),
    )


def _executor(settings: Settings) -> dg.ExecutorDefinition:
    if settings.executor == "in_process":
        return dg.in_process_executor
    # takes longer to load than all the rest
    from mmrag_pipeline.resources.k8s_executor import k8s_executor

    return k8s_executor(settings, gpu={*GPU_OPS, *lanes(settings)})


defs = definitions(read_settings())
