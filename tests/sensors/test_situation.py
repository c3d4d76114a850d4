"""Whatever a run would have to mend makes a situation, the same one until something changes."""

from dataclasses import replace

import pytest

from mmrag_pipeline.engines.stub import StubOcr, StubText
from mmrag_pipeline.errors import ListingError, MmragError
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import STEPS, run_partition
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.sensors.situation import situation
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.ledger import BrokenOcr
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State, fake_world

SHOP = "shop"


class Losing(MemoryTables):
    """Tables one of which may be lost."""

    lost = ""

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what a table was made from, None for the lost one."""
        return None if table == self.lost else super().lineage(table, partition)


@pytest.fixture
def source() -> FakeSource:
    """Return a source with a picture and a text."""
    made = FakeSource()
    made.put(SHOP, "a.png", b"img:one")
    made.put(SHOP, "b.txt", b"txt:amber bolt")
    return made


@pytest.fixture
def world(source: FakeSource) -> World:
    """Return a world whose one domain is indexed."""
    made = fake_world(source)
    run_partition(made, SHOP, Mode("run-1"))
    return made


def after(world: World, run_id: str) -> str:
    """Return the situation after another run."""
    run_partition(world, SHOP, Mode(run_id))
    return situation(world, SHOP)


def test_an_indexed_domain_has_no_situation(world: World) -> None:
    assert situation(world, SHOP) == ""


def test_rules_of_a_domain_are_a_situation_of_that_domain_until_a_run(world: World) -> None:
    for domain, waits in (("other", False), (SHOP, True)):
        rules = world.settings.model_copy(update={"redact": {domain: ("email",)}})
        told = replace(world, settings=rules)
        assert bool(situation(told, SHOP)) == waits
    assert after(told, "run-2") == ""


def test_a_domain_without_files_is_indexed_once(source: FakeSource) -> None:
    source.files[SHOP] = {}
    world = fake_world(source)
    assert situation(world, SHOP)
    assert after(world, "run-1") == ""


def test_a_growing_difference_is_another_situation(world: World, source: FakeSource) -> None:
    source.put(SHOP, "c.png", b"img:two")
    before = situation(world, SHOP)
    source.put(SHOP, "d.png", b"img:three")
    assert situation(world, SHOP) != before


def test_the_same_deletion_a_second_time_is_another_situation(
    world: World, source: FakeSource
) -> None:
    held = source.files[SHOP]["a.png"]
    seen = []
    for number in range(2):
        source.delete(SHOP, "a.png")
        seen.append(situation(world, SHOP))
        assert after(world, f"gone-{number}") == ""
        source.files[SHOP]["a.png"] = held  # as it was: not even the etag differs
        assert after(world, f"back-{number}") == ""
    assert len({*seen, ""}) == 3


@pytest.mark.parametrize("done", range(1, len(STEPS)))
def test_a_run_that_died_between_steps_leaves_a_situation(source: FakeSource, done: int) -> None:
    world = fake_world(source)
    for step in STEPS[:done]:
        run_step(world, step, SHOP, mode=Mode("run-1"))
    assert situation(world, SHOP)
    assert after(world, "run-2") == ""


def test_a_run_that_failed_leaves_the_same_situation_at_each_look(source: FakeSource) -> None:
    world = replace(fake_world(source), ocr=BrokenOcr(StubOcr().card))
    for number in range(20):
        source.put(SHOP, f"{number}.png", f"img:{number}".encode())
    with pytest.raises(MmragError):
        run_partition(world, SHOP, Mode("run-1"))
    assert situation(world, SHOP) == situation(world, SHOP) != ""


def test_another_model_makes_a_situation(world: World) -> None:
    other = replace(world, text=StubText(revision="2"))
    assert situation(other, SHOP)
    assert after(other, "run-2") == ""


def test_points_that_were_not_applied_make_a_situation(world: World) -> None:
    held = world.tables.lineage("collection", SHOP)
    table = world.tables.read("collection", SHOP)
    assert held is not None
    assert table is not None
    world.tables.write(table, replace(held, upstream={**held.upstream, "points": "older"}))
    assert situation(world, SHOP)


def test_an_index_that_does_not_serve_makes_a_situation(world: World) -> None:
    world.vectors.drop("mmrag__shop__g1")
    assert situation(world, SHOP)
    assert after(world, "run-2") == ""


def test_a_file_that_stays_unreadable_is_asked_for_a_few_times_only(
    world: World, source: FakeSource
) -> None:
    source.forbid(SHOP, "a.png")
    source.touch(SHOP, "a.png")
    seen = [situation(world, SHOP), *(after(world, f"run-{n}") for n in range(2, 9))]
    assert "" not in seen
    assert len(set(seen)) == 1 + world.settings.transient_attempts


def test_an_unreadable_file_that_changes_is_asked_for_again(
    world: World, source: FakeSource
) -> None:
    source.forbid(SHOP, "a.png")
    source.touch(SHOP, "a.png")
    worn_out = [after(world, f"run-{n}") for n in range(2, 9)][-1]
    source.touch(SHOP, "a.png")
    assert situation(world, SHOP) != worn_out


def test_a_failure_that_may_pass_is_asked_for_a_few_times_only(
    world: World, source: FakeSource
) -> None:
    source.put(SHOP, "c.png", b"img:two")
    run_step(world, STEPS[0], SHOP, mode=Mode("run-2"))
    source.forbid(SHOP, "c.png")
    seen = [after(world, f"run-{n}") for n in range(3, 9)]
    assert len(set(seen)) == world.settings.transient_attempts
    assert seen[-1] == ""


def test_a_lost_table_is_a_situation(source: FakeSource) -> None:
    tables = Losing()
    world = fake_world(source, state=State(tables=tables))
    run_partition(world, SHOP, Mode("run-1"))
    tables.lost = "chunks"
    assert situation(world, SHOP)


def test_a_listing_that_fails_is_no_situation(world: World, source: FakeSource) -> None:
    source.listing_error = ListingError("permission denied")
    with pytest.raises(ListingError):
        situation(world, SHOP)
