"""Runs of Dagster keep the settings that they name; sensors and schedules only look."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.pipeline import PipelineResource
from tests.resources import children


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state folder of an environment that names days."""
    monkeypatch.setenv("MMRAG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MMRAG_TTL_DAYS", '{"shop": 30}')
    return tmp_path / "home"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Return an instance of its own."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def _run(instance: dg.DagsterInstance) -> None:
    resources = {"pipeline": PipelineResource()}
    job = dg.Definitions(jobs=[children.opening], resources=resources).resolve_job_def("opening")
    assert job.execute_in_process(instance=instance).success


def _look(instance: dg.DagsterInstance) -> dict[str, float]:
    """Return the days that a sensor or a schedule sees."""
    context = dg.build_init_resource_context(instance=instance)
    with PipelineResource().yield_for_execution(context) as pipeline:
        return pipeline.world.settings.ttl_days


def test_what_a_run_names_is_seen_where_nothing_is_named(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(instance)
    monkeypatch.delenv("MMRAG_TTL_DAYS")
    assert (_look(instance), (home / "ttl.json").exists()) == ({"shop": 30.0}, True)


def test_what_a_sensor_sees_named_is_not_kept(home: Path, instance: dg.DagsterInstance) -> None:
    assert _look(instance) == {"shop": 30.0}
    assert not (home / "ttl.json").exists()


def test_queries_of_the_gate_that_cannot_be_read_stop_a_run_and_no_sensor(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_GATE_QUERIES", str(home / "gone.jsonl"))
    assert _look(instance) == {"shop": 30.0}
    with pytest.raises(dg.DagsterResourceFunctionError) as raised:
        _run(instance)
    assert isinstance(raised.value.__cause__, SettingsError)
    assert not (home / "ttl.json").exists()
