"""The sensor that asks again for domains whose last run failed, and tells of failed runs.

It is the only one that asks again: the others ask once for the same state of things.
"""

import time
from collections.abc import Callable, Mapping

import dagster as dg

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import DOMAIN
from mmrag_pipeline.resources.run_processes import end_lost_runs
from mmrag_pipeline.resources.webhook import Webhook
from mmrag_pipeline.sensors.listing import busy_domains
from mmrag_pipeline.sensors.past_runs import histories
from mmrag_pipeline.sensors.reruns import Again, Fate, fate, request, rerequests
from mmrag_pipeline.sensors.webhook import tell
from mmrag_pipeline.settings import Settings

INTERVAL_S = 30


def failure_sensor(
    settings: Settings,
    *,
    status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.STOPPED,
    clock: Callable[[], float] = time.time,
) -> dg.SensorDefinition:
    """Return the sensor `failed_domains`; `clock` tells Unix seconds."""
    webhook = Webhook(settings.webhook_url) if settings.webhook_url else None
    attempts = settings.rerun_attempts

    @dg.sensor(
        name="failed_domains",
        job=INDEX,
        minimum_interval_seconds=INTERVAL_S,
        default_status=status,
        description="Ends lost runs; asks again for domains whose run failed; tells the webhook.",
    )
    def failed_domains(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        instance = context.instance
        for run_id in end_lost_runs(instance, clock=clock):
            context.log.warning(f"Run {run_id} was lost: its log says why")
        cursor = tell(context, webhook, attempts=attempts)
        free = set(instance.get_dynamic_partitions(DOMAIN)) - busy_domains(instance)
        seen = histories(instance, free, limit=attempts + 2)
        now_s = clock()
        asked = rerequests(seen, now_s=now_s, attempts=attempts)
        left = {name: fate(past, now_s=now_s, attempts=attempts) for name, past in seen.items()}
        return dg.SensorResult(
            run_requests=[_request(instance, again) for again in asked],
            skip_reason=None if asked else _summary(left),
            cursor=cursor,
        )

    return failed_domains


def _request(instance: dg.DagsterInstance, again: Again) -> dg.RunRequest:
    failed = instance.get_run_by_id(again.failed_run)
    return request(again, failed.run_config if failed else {})


def _summary(left: Mapping[str, Fate]) -> str:
    told = [f"{name}: {fate.value}" for name, fate in sorted(left.items())]
    return "; ".join(told) or "the last run of no domain failed"
