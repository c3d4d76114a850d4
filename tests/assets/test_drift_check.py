"""The job `drift_check`: a failed check where points differ, a failed run where nobody knows."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.job import DRIFT_CHECK, INDEX
from mmrag_pipeline.assets.partitions import add_partitions
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State, fake_settings, fake_world

FIRST = "mmrag__shop__g1"
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that knows one domain."""
    with dg.DagsterInstance.ephemeral() as made:
        add_partitions(made, ["shop"])
        yield made


@pytest.fixture
def world() -> World:
    """Return a world whose one domain is indexed and lost a point since."""
    source, state = FakeSource(), State()
    source.put("shop", "a.png", b"img:1")
    made = fake_world(source, state=state)
    run_partition(made, "shop", Mode("first"))
    with made.vectors.writer(FIRST) as index:
        index.delete([next(iter(index.held()))["point_id"][0]])
    return made


def _repairing(world: World) -> World:
    settings = fake_settings().model_copy(update={"verify_repair": True})
    return replace(world, settings=settings)


def _definitions(world: World) -> dg.Definitions:
    held = dg.ResourceDefinition.hardcoded_resource(Pipeline(world))
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        jobs=[INDEX, DRIFT_CHECK],
        resources={"pipeline": held},
        executor=dg.in_process_executor,
    )


def _run(world: World, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = _definitions(world).resolve_job_def("drift_check")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(
        instance=instance, partition_key="shop", run_config=quiet, raise_on_error=False
    )


def _check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = result.get_asset_check_evaluations()
    assert (found.asset_key, found.check_name) == (dg.AssetKey("collection"), "drift")
    return found


def test_drift_fails_the_check_and_not_the_run(world: World, instance: dg.DagsterInstance) -> None:
    result = _run(world, instance)
    found = _check(result)
    assert (result.success, found.passed, found.severity) == (True, False, ERROR)
    assert found.metadata["missing"].value == 1
    assert not _check(_run(world, instance)).passed


def test_it_is_mended_where_the_settings_say_so(world: World, instance: dg.DagsterInstance) -> None:
    found = _check(_run(_repairing(world), instance))
    assert (found.passed, found.severity) == (False, WARN)
    assert _check(_run(world, instance)).passed


@pytest.mark.parametrize("repair", [False, True])
def test_what_cannot_be_compared_fails_the_run(
    world: World, instance: dg.DagsterInstance, *, repair: bool
) -> None:
    empty = replace(_repairing(world) if repair else world, tables=State().tables)
    result = _run(empty, instance)
    assert not result.success
    assert result.get_asset_check_evaluations() == []
    with world.vectors.reader(FIRST) as index:
        assert index.count() > 0


def test_no_run_of_the_index_reads_the_whole_collection(world: World) -> None:
    definitions = _definitions(world)
    checks = {
        name: definitions.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys
        for name in ("index", "drift_check")
    }
    drift = dg.AssetCheckKey(dg.AssetKey("collection"), "drift")
    assert drift not in checks["index"]
    assert len(checks["index"]) > 1
    nodes = [node.name for node in definitions.resolve_job_def("index").nodes]
    assert "collection_has_not_drifted" not in nodes
