"""The job `backfill`: each domain once, by lanes that keep their models."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.assets.backfill import JOB, backfill_job, lanes
from mmrag_pipeline.assets.partitions import add_partitions
from mmrag_pipeline.assets.run_index import BACKFILL_TAG
from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.resources.instance import open_instance
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world

DOMAINS = ("indoor", "outdoor", "office")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    with open_instance(tmp_path / "dagster") as instance:
        add_partitions(instance, DOMAINS)
        yield instance


class OneListingFails(FakeSource):
    """A source whose domain `outdoor` cannot be listed until it is mended."""

    mended = False

    def list(self, domain, keys=None, *, held_at=""):  # type: ignore[no-untyped-def]  # as its base
        if domain == "outdoor" and not self.mended:
            raise ListingError("folder 'outdoor' cannot be listed: permission denied")
        return super().list(domain, keys, held_at=held_at)


def _world(home: Path, source: FakeSource) -> World:
    for domain in DOMAINS:
        source.put(domain, "a.txt", f"txt:words of {domain}".encode())
    settings = fake_settings().model_copy(
        update={"home": home, "executor": "kubernetes", "k8s_gpu_pods": 2}
    )
    return fake_world(source, settings=settings)


def _run(world: World, instance: dg.DagsterInstance, **config: object) -> dg.ExecuteInProcessResult:
    resources = {"pipeline": dg.ResourceDefinition.hardcoded_resource(Pipeline(world))}
    definitions = dg.Definitions(jobs=[backfill_job(world.settings)], resources=resources)
    ops = {name: {"config": config} for name in lanes(world.settings)}
    return definitions.resolve_job_def(JOB).execute_in_process(
        instance=instance, run_config={"ops": ops}, raise_on_error=False
    )


def _indexed(instance: dg.DagsterInstance) -> list[str]:
    runs = instance.get_runs(dg.RunsFilter(job_name="index"))
    return sorted(run.tags["dagster/partition"] for run in runs if run.is_success)


def test_each_domain_is_indexed_once_under_one_name(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    result = _run(_world(tmp_path, FakeSource()), instance)
    assert result.success
    assert _indexed(instance) == sorted(DOMAINS)
    runs = instance.get_runs(dg.RunsFilter(job_name="index"))
    assert {run.tags[BACKFILL_TAG] for run in runs} == {result.run_id}


def test_nothing_is_left_of_who_took_what(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    assert _run(_world(tmp_path, FakeSource()), instance).success
    assert [*tmp_path.rglob("backfills/**/*.json")] == []


@pytest.mark.parametrize("force", [False, True])
def test_tables_that_are_fresh_are_made_again_by_force_only(
    force: bool, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    world = _world(tmp_path, FakeSource())
    _run(world, instance, domains=["office"])
    _run(world, instance, domains=["office"], force=force)
    newest = instance.get_runs(dg.RunsFilter(job_name="index"), limit=1)[0]
    records = instance.fetch_materializations(dg.AssetKey("points"), limit=1).records
    (made,) = [r.asset_materialization for r in records]
    assert made is not None
    assert newest.is_success
    assert made.metadata["unchanged"].value is not force


def test_only_the_domains_that_are_named_are_indexed(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    _run(_world(tmp_path, FakeSource()), instance, domains=["office"])
    assert _indexed(instance) == ["office"]


def test_a_domain_that_nobody_knows_is_an_error(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    result = _run(_world(tmp_path, FakeSource()), instance, domains=["ofice"])
    failed = [e.step_failure_data.user_failure_data for e in result.get_step_failure_events()]
    assert "no domain 'ofice': known are indoor, office, outdoor" in str(failed[0])


def test_one_that_fails_stops_no_other_and_is_named(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    result = _run(_world(tmp_path, OneListingFails()), instance)
    assert not result.success
    assert _indexed(instance) == ["indoor", "office"]
    failed = [e.step_failure_data.user_failure_data for e in result.get_step_failure_events()]
    assert "partitions failed; the first: outdoor: " in str(failed[0])


def test_there_are_as_many_lanes_as_the_settings_say() -> None:
    there = Settings(executor="kubernetes", k8s_gpu_pods=3)
    assert lanes(there) == ["backfill_0", "backfill_1", "backfill_2"]
    assert lanes(Settings(k8s_gpu_pods=3)) == ["backfill_0"]
