"""What Dagster loads: assets, checks, jobs, sensors, schedules and their resources."""

import dagster as dg

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.assets.upkeep import MEMO_UPKEEP, PURGE
from mmrag_pipeline.resources.intake import intake
from mmrag_pipeline.resources.pipeline import PipelineResource
from mmrag_pipeline.sensors.failures import failure_sensor
from mmrag_pipeline.sensors.listing import changed_files
from mmrag_pipeline.sensors.s3_events import event_sensor
from mmrag_pipeline.sensors.schedules import schedules
from mmrag_pipeline.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """Return what these settings ask for.

    Naming a queue turns on what keeps an index true without a person: the event sensor, the
    failure sensor and the schedules. Without one they wait for someone to turn them on.
    """
    on = settings.queue_url is not None
    events = [event_sensor(settings.event_interval_s)] if on else []
    failures = failure_sensor(
        settings, status=dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED
    )
    timed = schedules(
        settings,
        MEMO_UPKEEP,
        status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
    )
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=[INDEX, MEMO_UPKEEP, PURGE],
        sensors=[changed_files, failures, *events],
        schedules=timed,
        resources={"pipeline": PipelineResource(), "intake": intake},
        executor=dg.in_process_executor,
    )


defs = definitions(Settings())
