"""The job `index` over a small source: what it makes, what it tells, what stops it."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import dagster as dg
import pytest

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.run_index import PartitionRun, ProgressOf, run_partitions
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.text_vectors import shelf
from mmrag_pipeline.interrupts import Interrupted, raised
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryVectors
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_world

MODE = Mode("")
RUN_KEYS = {
    "rows",
    "reused",
    "failed",
    "seconds",
    "unchanged",
    "digest",
    "made_from",
    "dagster/column_schema",
    "dagster/column_lineage",
    "dagster/partition_row_count",
}


class SecondListingFails(FakeSource):
    """A source whose domain `outdoor` cannot be listed."""

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return the listing, or raise for `outdoor`."""
        if domain == "outdoor":
            raise ListingError("folder 'outdoor' cannot be listed: permission denied")
        return super().list(domain, keys, held_at=held_at)


class Forgetful(MemoryVectors):
    """A store whose collections lose a point as soon as they are closed."""

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        """Open a collection for changes, and lose one at the end."""
        with super().writer(collection) as index:
            yield index
            index.delete([next(iter(index.held()))["point_id"][0]])


@dataclass(frozen=True, slots=True)
class Killing:
    """Progress during which a signal comes."""

    number: int

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Send the signal to this process."""
        signal.raise_signal(self.number)


@dataclass(frozen=True, slots=True)
class Telling:
    """Progress that notes whose it is."""

    partition: str
    told: list[str]

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Note the partition."""
        self.told.append(self.partition)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def world() -> World:
    """Return a world with two small domains."""
    return fake_world(_filled(FakeSource()))


def test_the_job_makes_every_table(world: World, instance: dg.DagsterInstance) -> None:
    (run,) = _index(world, instance, "shop")
    assert run.error == ""
    assert {outcome.station for outcome in run.outcomes} == set(TABLES)
    assert all(world.tables.read(table, "shop") is not None for table in TABLES)


def test_the_run_is_named_and_tagged_for_the_ui(world: World, instance: dg.DagsterInstance) -> None:
    (run,) = _index(world, instance, "shop")
    stored = instance.get_run_by_id(run.run_id)
    assert stored is not None
    assert stored.job_name == "index"
    assert stored.tags["dagster/partition"] == "shop"


def test_partitions_do_not_touch_each_other(world: World, instance: dg.DagsterInstance) -> None:
    _index(world, instance, "shop")
    assert world.tables.read("pages", "outdoor") is None
    before = world.tables.lineage("collection", "shop")
    _index(world, instance, "outdoor")
    assert world.tables.lineage("collection", "shop") == before


def test_a_second_run_changes_nothing(world: World, instance: dg.DagsterInstance) -> None:
    _index(world, instance, "shop")
    (run,) = _index(world, instance, "shop")
    looking = {"raw_files", "collection"}
    assert {o.station for o in run.outcomes if not o.unchanged} == looking
    assert sum(o.computed for o in run.outcomes) == 0


def test_force_makes_tables_again_without_model_calls(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance, "shop")
    (run,) = run_partitions(world, ["shop"], instance=instance, mode=Mode("", force=True))
    assert not any(o.unchanged for o in run.outcomes)
    assert sum(o.computed for o in run.outcomes) == 0


def test_every_materialization_tells_counts_schema_and_lineage(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance, "shop")
    for table in TABLES:
        event = instance.get_latest_materialization_event(dg.AssetKey(table))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata.keys() >= RUN_KEYS


def test_the_data_version_is_the_digest_of_the_table(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance, "shop")
    event = instance.get_latest_materialization_event(dg.AssetKey("tiles"))
    lineage = world.tables.lineage("tiles", "shop")
    assert event is not None
    assert event.asset_materialization is not None
    assert lineage is not None
    assert event.asset_materialization.tags is not None
    assert event.asset_materialization.tags["dagster/data_version"] == lineage.digest


def test_model_stations_count_model_calls(world: World, instance: dg.DagsterInstance) -> None:
    _index(world, instance, "shop")
    event = instance.get_latest_materialization_event(dg.AssetKey("ocr"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["model_calls"].value == 1


def test_a_listing_that_fails_stops_only_its_own_partition(instance: dg.DagsterInstance) -> None:
    world = fake_world(_filled(SecondListingFails()))
    runs = _index(world, instance, "outdoor", "shop")
    assert "permission denied" in runs[0].error
    assert runs[0].outcomes == ()
    assert runs[1].error == ""
    failed = instance.get_run_by_id(runs[0].run_id)
    assert failed is not None
    assert failed.status is dg.DagsterRunStatus.FAILURE


def test_a_failed_blocking_check_keeps_wrong_vectors_out_of_the_index(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance, "shop")
    forgetful = replace(world, memo=_without_pictures(world))
    (run,) = _index(forgetful, instance, "shop")
    assert run.error.startswith("image_vectors/unit: ")
    assert not {o.station for o in run.outcomes} & {"dead_letters", "points", "collection"}


def test_every_declared_check_is_recorded(world: World, instance: dg.DagsterInstance) -> None:
    (run,) = _index(world, instance, "shop")
    left_out = {dg.AssetCheckKey(dg.AssetKey("collection"), "drift")}
    declared = {key for one in (*ASSETS, *CHECKS) for key in one.check_keys} - left_out
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    events = [log.dagster_event for log in logs if log.dagster_event is not None]
    assert {event.asset_check_evaluation_data.asset_check_key for event in events} == declared


def test_points_that_the_collection_lost_fail_the_run(
    world: World, instance: dg.DagsterInstance
) -> None:
    (run,) = _index(replace(world, vectors=Forgetful()), instance, "shop")
    assert run.error.startswith("collection/count: they differ")


def test_many_dead_letters_warn_and_stop_nothing(instance: dg.DagsterInstance) -> None:
    source = _filled(FakeSource())
    source.put("shop", "broken.png", b"bad")
    (run,) = _index(fake_world(source), instance, "shop")
    assert run.error == ""
    assert run.warnings[0].startswith("shop dead_letters/rate: 1 of 3 files")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_for_good_and_starts_no_other_partition(
    world: World, instance: dg.DagsterInstance, number: int
) -> None:
    with raised(), pytest.raises(Interrupted) as caught:
        _index(world, instance, "shop", "outdoor", progress=lambda _: Killing(number))
    assert caught.value.number == number
    (run,) = instance.get_runs()
    assert (run.status, run.tags["dagster/partition"]) == (dg.DagsterRunStatus.FAILURE, "shop")
    assert world.tables.read("pages", "shop") is None
    again = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_RESTARTED)
    assert not again


def test_after_a_signal_the_next_run_ends_the_work(
    world: World, instance: dg.DagsterInstance
) -> None:
    with raised(), pytest.raises(Interrupted):
        _index(world, instance, "shop", progress=lambda _: Killing(signal.SIGINT))
    (run,) = _index(world, instance, "shop")
    assert run.error == ""


def test_each_partition_tells_its_progress_apart(
    world: World, instance: dg.DagsterInstance
) -> None:
    told: list[str] = []
    _index(world, instance, "shop", "outdoor", progress=lambda name: Telling(name, told))
    assert list(dict.fromkeys(told)) == ["shop", "outdoor"]


def _without_pictures(world: World) -> MemoryMemo:
    """Return a memo that lost the vectors of pictures and nothing else that is checked."""
    memo = MemoryMemo()
    texts = world.tables.read("text_vectors", "shop")
    assert texts is not None
    for place in (shelf("text", world.text.card), shelf("image_text", world.image_text.card)):
        rows = world.memo.fetch(place.station, place.fingerprint, texts["digest"])
        memo.append(place.station, place.fingerprint, "shop", rows)
    return memo


def _filled(source: FakeSource) -> FakeSource:
    for domain in ("shop", "outdoor"):
        source.put(domain, "a.png", f"img:{domain}@100x80".encode())
        source.put(domain, "b.txt", f"txt:{domain} amber bolt".encode())
    return source


def _index(
    world: World,
    instance: dg.DagsterInstance,
    *names: str,
    progress: ProgressOf | None = None,
) -> list[PartitionRun]:
    runs = run_partitions(world, names, instance=instance, mode=MODE, progress=progress)
    return list(runs)
