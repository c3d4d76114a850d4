"""Our event log holds what Dagster's does, for every process that opens it."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.resources.event_log import QuickEventLog
from mmrag_pipeline.resources.instance import open_instance

ROOT = Path(__file__).parents[2]


@dg.asset
def leaf() -> dg.MaterializeResult[None]:
    """Return a materialization."""
    return dg.MaterializeResult(metadata={"rows": 1})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an instance folder with the shipped configuration."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Return an instance with the shipped configuration."""
    with dg.DagsterInstance.from_config(str(home)) as made:
        yield made


def test_the_shipped_instance_uses_it(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.event_log_storage, QuickEventLog)


def test_a_materialization_is_there_for_the_next_process(
    home: Path, instance: dg.DagsterInstance
) -> None:
    assert dg.materialize([leaf], instance=instance).success
    with dg.DagsterInstance.from_config(str(home)) as other:
        event = other.get_latest_materialization_event(leaf.key)
        assert event is not None


def test_an_instance_opened_by_folder_writes_the_same_log(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    with open_instance(home) as opened:
        assert dg.materialize([leaf], instance=opened).success
    assert instance.get_latest_materialization_event(leaf.key) is not None


def test_an_instance_that_is_missing_is_made(tmp_path: Path) -> None:
    with open_instance(tmp_path / "new" / "dagster") as opened:
        assert isinstance(opened.event_log_storage, QuickEventLog)
        assert not opened.telemetry_enabled


def test_its_log_is_written_ahead_and_synced_at_checkpoints(instance: dg.DagsterInstance) -> None:
    log = instance.event_log_storage
    assert isinstance(log, QuickEventLog)
    with log.index_connection() as connection:  # type: ignore[no-untyped-call]  # Dagster's
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_runs_of_one_domain_wait_for_each_other(instance: dg.DagsterInstance) -> None:
    settings = instance.get_settings("concurrency")
    limits = settings["runs"]["tag_concurrency_limits"]
    assert limits == [
        {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]


def test_nothing_is_sent_home(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
