"""The failure sensor asks again for what failed, tells of each failure once, and ends lost runs."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import DOMAIN
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.resources.run_processes import START_TAG, process_tags
from mmrag_pipeline.sensors.failures import failure_sensor
from mmrag_pipeline.sensors.listing import busy_domains
from mmrag_pipeline.settings import Settings

SHOP = "shop"
Status = dg.DagsterRunStatus


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that knows one domain."""
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions(DOMAIN, [SHOP])
        yield made


def test_a_failed_domain_is_asked_for_after_a_rest(instance: dg.DagsterInstance) -> None:
    failed = _failed(instance)
    assert _keys(_tick(instance)) == []
    assert _keys(_tick(instance, later_s=90)) == [f"shop!{failed}"]


def test_a_domain_whose_last_run_succeeded_is_left_alone(instance: dg.DagsterInstance) -> None:
    _failed(instance)
    instance.add_run(_run(Status.SUCCESS))
    assert _keys(_tick(instance, later_s=90)) == []


@pytest.mark.parametrize("status", [Status.STARTED, Status.STARTING, Status.NOT_STARTED])
def test_a_domain_with_a_run_in_flight_is_left_alone(
    instance: dg.DagsterInstance, status: Status
) -> None:
    instance.add_run(_run(status))
    _failed(instance)
    assert _keys(_tick(instance, later_s=90)) == []


def test_a_domain_that_dagster_no_longer_knows_is_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    _failed(instance)
    instance.delete_dynamic_partition(DOMAIN, SHOP)
    assert _keys(_tick(instance, later_s=90)) == []


def test_a_domain_that_fails_again_and_again_is_given_up_and_the_tick_says_so(
    instance: dg.DagsterInstance,
) -> None:
    for _ in range(3):
        _failed(instance)
    result = _tick(instance, later_s=9_999, settings=Settings(rerun_attempts=2))
    assert _keys(result) == []
    assert result.skip_reason is not None
    assert "shop: not tried again, it failed too often" in (result.skip_reason.skip_message or "")


def test_other_jobs_are_never_asked_for_again(instance: dg.DagsterInstance) -> None:
    _failed(instance, job="upkeep")
    assert _keys(_tick(instance, later_s=90)) == []


def test_a_lost_run_frees_its_domain_and_is_asked_for_again(instance: dg.DagsterInstance) -> None:
    lost = _run(Status.STARTED)
    here = process_tags(lost.run_id)
    gone = {**here, START_TAG: f"{here[START_TAG].rpartition(':')[0]}:1"}
    instance.add_run(lost)
    instance.add_run_tags(lost.run_id, gone)
    assert busy_domains(instance) == {SHOP}
    assert _keys(_tick(instance, later_s=90)) == [f"shop!{lost.run_id}"]
    assert busy_domains(instance) == set()


def test_the_sensor_is_as_the_caller_wants_it_and_off_by_default() -> None:
    on = dg.DefaultSensorStatus.RUNNING
    assert failure_sensor(Settings()).default_status is dg.DefaultSensorStatus.STOPPED
    assert failure_sensor(Settings(), status=on).default_status is on


def test_the_daemon_can_make_runs_of_what_a_tick_asks_for(tmp_path: Path) -> None:
    sensor = failure_sensor(Settings(), clock=lambda: time.time() + 90)
    nothing = {"pipeline": dg.ResourceDefinition.none_resource()}
    definitions = dg.Definitions(
        jobs=[INDEX], assets=ASSETS, asset_checks=CHECKS, sensors=[sensor], resources=nothing
    )
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(DOMAIN, [SHOP])
        _failed(instance)
        with (
            dg.partition_loading_context(dynamic_partitions_store=instance),
            dg.build_sensor_context(instance, repository_def=repository) as context,
        ):
            (request,) = sensor.evaluate_tick(context).run_requests or ()
    assert request.tags["dagster/partition"] == SHOP


def _run(status: Status, *, job: str = "index") -> dg.DagsterRun:
    return dg.DagsterRun(job_name=job, status=status, tags={"dagster/partition": SHOP})


def _failed(instance: dg.DagsterInstance, *, job: str = "index") -> str:
    run = instance.add_run(_run(Status.STARTED, job=job))
    instance.report_run_failed(run, "the disk is full")
    return run.run_id


def _tick(
    instance: dg.DagsterInstance, *, later_s: float = 0.0, settings: Settings | None = None
) -> dg.SensorResult:
    sensor = failure_sensor(settings or Settings(), clock=lambda: time.time() + later_s)
    with dg.build_sensor_context(instance) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def _keys(result: dg.SensorResult) -> list[str | None]:
    return [request.run_key for request in result.run_requests or []]
