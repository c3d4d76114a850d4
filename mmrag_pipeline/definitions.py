"""What Dagster loads: assets, checks, jobs, sensors, schedules and their resources."""

import dagster as dg

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.evaluation import EVALUATE, EVALUATION_ASSETS
from mmrag_pipeline.assets.job import DRIFT_CHECK, INDEX
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.assets.upkeep import MEMO_UPKEEP, PURGE
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.evaluator import evaluator
from mmrag_pipeline.resources.intake import intake
from mmrag_pipeline.resources.pipeline import PipelineResource
from mmrag_pipeline.sensors.failures import failure_sensor
from mmrag_pipeline.sensors.listing import changed_files
from mmrag_pipeline.sensors.s3_events import event_sensor
from mmrag_pipeline.sensors.schedules import schedules
from mmrag_pipeline.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """Return what these settings ask for.

    All is on by default where a daemon runs, but the sensor that lists sources: events or the
    nightly reconcile do for most.
    """
    events = [event_sensor(settings)] if settings.queue_url else []
    failures = failure_sensor(settings, status=dg.DefaultSensorStatus.RUNNING)
    timed = schedules(settings, MEMO_UPKEEP, status=dg.DefaultScheduleStatus.RUNNING)
    return dg.Definitions(
        assets=[*ASSETS, *EVALUATION_ASSETS],
        asset_checks=CHECKS,
        jobs=[INDEX, DRIFT_CHECK, EVALUATE, MEMO_UPKEEP, PURGE],
        sensors=[changed_files, failures, *events],
        schedules=timed,
        resources={
            "pipeline": PipelineResource(),
            "evaluator": evaluator,
            "intake": intake,
        },
        executor=dg.in_process_executor,
    )


defs = definitions(read_settings())
