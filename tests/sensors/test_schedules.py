"""Schedules ask for full runs of the domains they are for, once per time, and for no others."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core import remote_origin as origin
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.job import DRIFT_CHECK, INDEX
from mmrag_pipeline.assets.partitions import DOMAIN
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.schemas import RAW_FILES
from mmrag_pipeline.sensors.s3_events import EVENTS_ONLY
from mmrag_pipeline.sensors.schedules import (
    drift_check,
    memo_upkeep,
    nightly_reconcile,
    reindex,
    requests,
    schedule_name,
    schedules,
    ttl_sweep,
)
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world
from tests.stores.samples import lineage

NIGHT = datetime(2026, 3, 1, 3, tzinfo=UTC)
REPOSITORY = origin.RemoteRepositoryOrigin(
    origin.RegisteredCodeLocationOrigin("here"), "repository"
)
RUNNING = dg.DefaultScheduleStatus.RUNNING


@dg.op
def tidy() -> None:
    """Do nothing."""


@dg.job
def upkeep() -> None:
    """Do nothing."""
    tidy()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """Return an instance on disk: schedules take no ephemeral one."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as made:
        yield made


@pytest.fixture
def instance(opened: dg.DagsterInstance) -> dg.DagsterInstance:
    """Return an instance that knows two domains and no run."""
    opened.wipe()
    for name in opened.get_dynamic_partitions(DOMAIN):
        opened.delete_dynamic_partition(DOMAIN, name)
    opened.add_dynamic_partitions(DOMAIN, ["shop", "office"])
    return opened


@pytest.fixture
def source() -> FakeSource:
    """Return a source with one domain that is known and one that is not."""
    made = FakeSource()
    made.put("shop", "a.png", b"img:one")
    made.put("outdoor", "a.png", b"img:one")
    return made


def test_the_reconcile_asks_for_what_is_known_and_what_the_source_has(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    assert _names(_tick(nightly_reconcile(Settings()), instance, source)) == [
        "office",
        "outdoor",
        "shop",
    ]
    assert instance.has_dynamic_partition(DOMAIN, "outdoor")


def test_the_reconcile_asks_for_full_runs(instance: dg.DagsterInstance, source: FakeSource) -> None:
    asked = _tick(nightly_reconcile(Settings()), instance, source).run_requests or ()
    assert [request.run_config for request in asked] == [{}, {}, {}]


def test_a_source_that_cannot_be_listed_leaves_the_known_domains(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    source.listing_error = ListingError("permission denied", found=["attic"])
    result = _tick(nightly_reconcile(Settings()), instance, source)
    assert _names(result) == ["attic", "office", "shop"]


def test_a_name_that_cannot_be_a_partition_is_left_out(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    source.put("a...b", "a.png", b"img:one")
    result = _tick(nightly_reconcile(Settings()), instance, source)
    assert _names(result) == ["office", "outdoor", "shop"]


def test_a_domain_too_many_is_left_out(instance: dg.DagsterInstance, source: FakeSource) -> None:
    result = _tick(nightly_reconcile(Settings()), instance, source, most=2)
    assert _names(result) == ["office", "shop"]
    assert not instance.has_dynamic_partition(DOMAIN, "outdoor")


def test_each_time_is_asked_for_once() -> None:
    (one,), (same,) = (requests(["shop"], scheduled=NIGHT) for _ in range(2))
    (other,) = requests(["shop"], scheduled=NIGHT.replace(day=2))
    assert one.run_key == same.run_key != other.run_key


def test_a_domain_with_a_run_under_way_is_asked_for_too(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    _run(instance, dg.DagsterRunStatus.STARTED)
    assert "shop" in _names(_tick(nightly_reconcile(Settings()), instance, source))


def test_a_full_run_that_waits_makes_another_needless(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    _run(instance, dg.DagsterRunStatus.QUEUED)
    assert "shop" not in _names(_tick(nightly_reconcile(Settings()), instance, source))


def test_a_waiting_run_of_events_makes_no_full_run_needless(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    _run(instance, dg.DagsterRunStatus.QUEUED, config=EVENTS_ONLY)
    assert "shop" in _names(_tick(nightly_reconcile(Settings()), instance, source))


@pytest.mark.parametrize(
    ("days", "swept"),
    [
        ({"shop": 30.0}, ["shop"]),
        ({"*": 30.0}, ["office", "shop"]),
        ({"attic": 1.0}, []),
    ],
)
def test_the_sweep_asks_for_domains_whose_files_have_a_time(
    instance: dg.DagsterInstance, days: dict[str, float], swept: list[str]
) -> None:
    assert _names(_tick(ttl_sweep(), instance, ttl_days=days)) == swept


def test_the_sweep_skips_with_a_reason_where_files_stay_for_ever(
    instance: dg.DagsterInstance,
) -> None:
    assert "MMRAG_TTL_DAYS" in (_tick(ttl_sweep(), instance).skip_message or "")


def test_a_domain_is_indexed_anyway_at_its_time(instance: dg.DagsterInstance) -> None:
    settings = Settings(reindex_crons={"shop": "0 * * * *"})
    assert _names(_tick(reindex("shop", settings), instance)) == ["shop"]


def test_a_domain_that_nobody_knows_is_skipped_with_a_reason(instance: dg.DagsterInstance) -> None:
    settings = Settings(reindex_crons={"shpo": "0 * * * *"})
    result = _tick(reindex("shpo", settings), instance)
    assert _names(result) == []
    assert "'shpo' of MMRAG_REINDEX_CRONS" in (result.skip_message or "")


@pytest.mark.parametrize("schedule", ["reconcile", "sweep", "reindex"])
def test_a_domain_that_was_split_is_asked_for_by_its_shards(
    instance: dg.DagsterInstance, schedule: str
) -> None:
    made = {
        "reconcile": nightly_reconcile(Settings()),
        "sweep": ttl_sweep(),
        "reindex": reindex("shop", Settings(reindex_crons={"shop": "@daily"})),
    }[schedule]
    named = _names(_tick(made, instance, ttl_days={"shop": 1.0}, shards={"shop": 2}))
    assert [name for name in named if "shop" in name] == ["shop~0-2", "shop~1-2"]


def test_partitions_of_a_number_of_shards_before_are_no_choice_any_more(
    instance: dg.DagsterInstance,
) -> None:
    _tick(nightly_reconcile(Settings()), instance, shards={"shop": 2})
    assert sorted(instance.get_dynamic_partitions(DOMAIN)) == ["office", "shop~0-2", "shop~1-2"]


def test_the_drift_check_asks_for_domains_that_have_tables(instance: dg.DagsterInstance) -> None:
    result = _tick(drift_check("0 5 * * *"), instance, indexed=["shop", "elsewhere"])
    assert _names(result) == ["elsewhere", "shop"]
    assert {request.job_name for request in result.run_requests or ()} <= {None, "drift_check"}
    assert instance.has_dynamic_partition(DOMAIN, "elsewhere")


def test_a_drift_check_that_waits_makes_another_needless(instance: dg.DagsterInstance) -> None:
    _run(instance, dg.DagsterRunStatus.QUEUED, job="drift_check")
    result = _tick(drift_check("0 5 * * *"), instance, indexed=["shop"])
    assert "does not wait already" in (result.skip_message or "")


def test_a_drift_check_that_waits_holds_up_no_full_run(
    instance: dg.DagsterInstance, source: FakeSource
) -> None:
    _run(instance, dg.DagsterRunStatus.QUEUED, job="drift_check")
    assert "shop" in _names(_tick(nightly_reconcile(Settings()), instance, source))


def test_the_upkeep_runs_its_job(instance: dg.DagsterInstance) -> None:
    schedule = memo_upkeep(Settings(), upkeep)
    assert (schedule.job_name, schedule.cron_schedule) == ("upkeep", "0 4 * * 0")


def test_there_are_just_the_schedules_that_the_settings_ask_for() -> None:
    names = [one.name for one in schedules(Settings(), upkeep)]
    assert names == ["nightly_reconcile", "memo_upkeep", "ttl_sweep", "cost_report", "drift_check"]
    settings = Settings(reindex_crons={"shop": "0 * * * *"}, verify_cron=None)
    names = [one.name for one in schedules(settings, upkeep)]
    assert names == ["nightly_reconcile", "memo_upkeep", "ttl_sweep", "cost_report", "reindex_shop"]


def test_every_schedule_is_in_utc_and_on_when_the_caller_or_a_setting_wants_it() -> None:
    settings = Settings(reindex_crons={"shop": "0 * * * *"})
    made = schedules(settings, upkeep, status=RUNNING)
    assert {(one.execution_timezone, one.default_status) for one in made} == {("UTC", RUNNING)}
    named = {one.name for one in schedules(settings, upkeep) if one.default_status is RUNNING}
    assert named == {"reindex_shop"}


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=20))
def test_schedule_names_are_valid_and_distinct(names: list[str]) -> None:
    made = [schedule_name(name) for name in names]
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in made)
    assert len(set(made)) == len(names)


def _run(
    instance: dg.DagsterInstance,
    status: dg.DagsterRunStatus,
    *,
    config: Mapping[str, object] | None = None,
    job: str = "index",
) -> None:
    run = dg.DagsterRun(
        job_name=job,
        status=status,
        tags={"dagster/partition": "shop"},
        run_config=config or {},
        remote_job_origin=origin.RemoteJobOrigin(REPOSITORY, job),
    )
    instance.add_run(run)


def _tick(
    schedule: dg.ScheduleDefinition,
    instance: dg.DagsterInstance,
    source: FakeSource | None = None,
    *,
    ttl_days: Mapping[str, float] | None = None,
    most: int = 9,
    shards: Mapping[str, int] | None = None,
    indexed: Sequence[str] = (),
) -> ScheduleExecutionData:
    """Evaluate a schedule as the daemon does, down to the tags and config of the runs."""
    update = {"ttl_days": dict(ttl_days or {}), "max_domains": most, "shards": dict(shards or {})}
    settings = fake_settings().model_copy(update=update)
    pipeline = Pipeline(fake_world(source or FakeSource(), settings=settings))
    empty = RAW_FILES.to_frame()
    for name in indexed:
        pipeline.world.tables.write(empty, lineage("raw_files", empty, name))
    definitions = dg.Definitions(
        jobs=[INDEX, DRIFT_CHECK],
        assets=ASSETS,
        asset_checks=CHECKS,
        schedules=[schedule],
        resources={"pipeline": dg.ResourceDefinition.hardcoded_resource(pipeline)},
    )
    context = dg.build_schedule_context(
        instance,
        NIGHT,
        {"pipeline": pipeline},
        repository_def=definitions.get_repository_def(),
        instance_ref=instance.get_ref(),
    )
    with context:
        return schedule.evaluate_tick(context)


def _names(result: ScheduleExecutionData) -> Sequence[str]:
    return [request.tags["dagster/partition"] for request in result.run_requests or ()]
