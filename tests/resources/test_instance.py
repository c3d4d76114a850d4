"""Every home gets the Dagster configuration that the package ships."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

from mmrag_pipeline.resources.instance import open_configured, open_instance

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "mmrag_pipeline" / "resources" / "dagster.yaml"


def test_a_fresh_instance_never_runs_one_domain_twice_at_a_time(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        limits = instance.get_concurrency_config().run_queue_config
    assert limits is not None
    (limit,) = limits.tag_concurrency_limits
    assert (limit["key"], limit["limit"]) == ("dagster/partition", 1)


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with open_instance(tmp_path):
        assert (tmp_path / "dagster.yaml").read_text() == "telemetry:\n  enabled: false\n"


def test_what_a_command_prints_stays_on_its_own_streams(tmp_path: Path) -> None:
    before = os.fstat(sys.stderr.fileno())
    with open_instance(tmp_path) as instance, instance.compute_log_manager.capture_logs(["run"]):
        assert os.fstat(sys.stderr.fileno()).st_ino == before.st_ino


@pytest.mark.parametrize("opened", [open_instance, open_configured])
def test_a_slot_that_a_killed_run_holds_keeps_no_command_waiting(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    opened: Callable[[Path], dg.DagsterInstance],
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(SHIPPED.read_text())
    with open_instance(tmp_path) as instance:
        instance.event_log_storage.set_concurrency_slots("gpu", 1)
        instance.event_log_storage.claim_concurrency_slot("gpu", "killed", "vision")
    with opened(tmp_path) as instance, _context(instance) as slots:
        assert slots.claim("gpu", "vision")


@pytest.mark.parametrize("config", ["", "concurrency:\n  runs:\n    max_concurrent_runs: 3\n"])
def test_a_configuration_without_pools_gets_none(tmp_path: Path, config: str) -> None:
    (tmp_path / "dagster.yaml").write_text(config)
    with open_configured(tmp_path) as instance:
        assert instance.get_concurrency_config().pool_config.pool_granularity is None


def test_two_first_runs_at_once_both_find_an_instance(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = [tmp_path / str(number) for number in range(4)]
        for instance in pool.map(open_instance, [one for one in folders for _ in range(2)]):
            assert instance.get_runs_count() == 0
            instance.dispose()


def test_the_repository_shows_the_configuration_that_is_shipped() -> None:
    assert (ROOT / "dagster.yaml").samefile(SHIPPED)


def _context(instance: dg.DagsterInstance) -> InstanceConcurrencyContext:
    run = dg.DagsterRun(job_name="index", run_id=str(uuid4()))
    return InstanceConcurrencyContext(instance, run)
