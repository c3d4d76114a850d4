"""The listing sensor asks for exactly the runs that are needed, from sizes and etags only."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.assets.partitions import DOMAIN
from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.ids import partition_of
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.sensors.listing import (
    SOURCE,
    changed_files,
    decide,
    look,
)
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.source_store import SourceStore
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world

SHOP = "shop"


class OutdoorFails(FakeSource):
    """A source whose domain `outdoor` cannot be listed."""

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return the listing, or raise for `outdoor`."""
        if domain == "outdoor":
            raise ListingError("permission denied")
        return super().list(domain, keys, held_at=held_at)


@pytest.fixture
def source() -> FakeSource:
    """Return a source with one file."""
    made = FakeSource()
    made.put(SHOP, "a.png", b"img:one")
    return made


@pytest.fixture
def world(source: FakeSource) -> World:
    """Return a world whose one domain is indexed."""
    made = fake_world(source)
    run_partition(made, SHOP, Mode("run-1"))
    return made


def test_a_new_domain_is_added_and_asked_for() -> None:
    result = decide({SHOP: "d1"}, known=set(), busy=set())
    (request,) = result.run_requests or []
    (added,) = result.dynamic_partitions_requests or []
    assert (request.partition_key, request.run_key) == (SHOP, "shop@d1")
    assert list(added.partition_keys) == [SHOP]


def test_a_known_domain_is_not_added_again() -> None:
    assert decide({SHOP: "d1"}, known={SHOP}, busy=set()).dynamic_partitions_requests == []


def test_a_domain_with_a_run_in_flight_is_not_asked_for() -> None:
    assert decide({SHOP: "d1"}, known={SHOP}, busy={SHOP}).run_requests == []


def test_another_difference_has_another_run_key() -> None:
    keys = {
        (decide({SHOP: d}, known={SHOP}, busy=set()).run_requests or [])[0].run_key
        for d in ("d1", "d2")
    }
    assert len(keys) == 2


def test_an_indexed_domain_has_no_difference(world: World) -> None:
    assert look(world).pending == {}


def test_a_domain_never_indexed_is_pending_even_when_empty(source: FakeSource) -> None:
    source.files["bare"] = {}
    assert set(look(fake_world(source)).pending) == {SHOP, "bare"}


@pytest.mark.parametrize("change", ["touch", "delete", "add", "rename"])
def test_each_change_makes_a_difference(world: World, source: FakeSource, change: str) -> None:
    {
        "touch": lambda: source.touch(SHOP, "a.png"),
        "delete": lambda: source.delete(SHOP, "a.png"),
        "add": lambda: source.put(SHOP, "b.png", b"img:two"),
        "rename": lambda: source.move(SHOP, "a.png", "c.png"),
    }[change]()
    assert set(look(world).pending) == {SHOP}


def test_looking_reads_no_content(world: World, source: FakeSource) -> None:
    source.put(SHOP, "b.png", b"img:two")
    opened = source.opened.total()
    look(world)
    assert source.opened.total() == opened


def test_the_same_difference_has_the_same_digest(world: World, source: FakeSource) -> None:
    source.put(SHOP, "b.png", b"img:two")
    assert look(world) == look(world)


def test_a_domain_that_cannot_be_listed_troubles_only_itself() -> None:
    source = OutdoorFails()
    source.put(SHOP, "a.png", b"img:one")
    source.put("outdoor", "a.png", b"img:one")
    seen = look(fake_world(source))
    assert set(seen.pending) == {SHOP}
    assert seen.troubles == {"outdoor": "permission denied"}


def test_a_name_that_cannot_be_a_partition_is_a_trouble() -> None:
    source = FakeSource()
    source.put("a...b", "a.png", b"img:one")
    assert set(look(fake_world(source)).troubles) == {"a...b"}


def test_a_domain_too_many_is_not_even_looked_at(source: FakeSource) -> None:
    source.put("attic", "a.png", b"img:one")
    source.put("a...b", "a.png", b"img:one")
    seen = look(fake_world(source, settings=Settings(max_domains=1)), {SHOP})
    assert set(seen.pending) == {SHOP}
    assert "'attic': there are 1 and MMRAG_MAX_DOMAINS=1" in seen.refusal


def test_an_indexed_domain_goes_on_although_dagster_does_not_know_it(
    world: World, source: FakeSource
) -> None:
    source.put("attic", "a.png", b"img:one")
    source.touch(SHOP, "a.png")
    seen = look(replace(world, settings=Settings(max_domains=1)))
    assert set(seen.pending) == {SHOP}


def test_the_sensor_tells_of_domains_too_many(world: World, source: FakeSource) -> None:
    source.put("attic", "a.png", b"img:one")
    result = _tick(replace(world, settings=fake_settings().model_copy(update={"max_domains": 1})))
    assert isinstance(result, dg.SkipReason)
    assert "MMRAG_MAX_DOMAINS=1" in (result.skip_message or "")


def test_a_lost_source_troubles_no_domain_that_is_known_and_still_there(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    lost = SourceStore({SHOP: tmp_path / "photos"}, roots=[tmp_path / "lost"])
    seen = look(replace(fake_world(FakeSource()), source=lost), {SHOP})
    assert (set(seen.pending), set(seen.troubles)) == ({SHOP}, {SOURCE})


def test_the_sensor_is_off_until_someone_turns_it_on() -> None:
    assert changed_files.default_status is dg.DefaultSensorStatus.STOPPED


def test_the_sensor_says_that_there_is_nothing_to_do(world: World) -> None:
    assert isinstance(_tick(world), dg.SkipReason)


def test_the_sensor_asks_for_a_changed_domain(world: World, source: FakeSource) -> None:
    source.touch(SHOP, "a.png")
    result = _tick(world)
    assert isinstance(result, dg.SensorResult)
    assert [request.partition_key for request in result.run_requests or []] == [SHOP]


def test_the_sensor_tells_why_it_does_nothing(world: World, source: FakeSource) -> None:
    source.listing_error = ListingError("the disk is gone")
    result = _tick(world)
    assert isinstance(result, dg.SkipReason)
    assert "the disk is gone" in (result.skip_message or "")


def _tick(world: World) -> object:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DOMAIN, [SHOP])
        with dg.build_sensor_context(instance, resources={"pipeline": Pipeline(world)}) as context:
            return changed_files(context)


def test_a_domain_that_was_split_is_asked_for_by_its_shards(source: FakeSource) -> None:
    world = _split(source)
    assert set(look(world).pending) == {"shop~0-2", "shop~1-2"}
    for partition in ("shop~0-2", "shop~1-2"):
        run_partition(world, partition, Mode("run"))
    assert look(world).pending == {}


def test_a_change_is_asked_for_by_the_shard_of_its_file(source: FakeSource) -> None:
    world = _split(source)
    for partition in ("shop~0-2", "shop~1-2"):
        run_partition(world, partition, Mode("run"))
    source.touch(SHOP, "a.png")
    assert set(look(world).pending) == {partition_of(SHOP, "a.png", {SHOP: 2})}


def test_shards_take_the_room_of_one_domain(source: FakeSource) -> None:
    source.put("office", "a.png", b"img:one")
    world = _split(source, most=2)
    for partition in ("shop~0-2", "shop~1-2"):
        run_partition(world, partition, Mode("run"))
    seen = look(world)
    assert (set(seen.pending), seen.refusal) == ({"office"}, "")


def _split(source: FakeSource, most: int = 9) -> World:
    named = {"shards": {SHOP: 2}, "max_domains": most}
    return fake_world(source, settings=fake_settings().model_copy(update=named))
