"""A domain is split and put together again: the same points, no model call, nothing forgotten."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import collection_name, file_id
from mmrag_pipeline.indexing.plan import plan
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.shards import partitions_there
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import STEPS, run_partition
from mmrag_pipeline.indexing.tombstones import tombstones
from mmrag_pipeline.records import Event
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.memory import MemoryTables, MemoryVectors
from mmrag_pipeline.stores.split_tables import SplitTables
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.worlds import TODAY, State
from tests.indexing.life import DOMAIN
from tests.indexing.split_life import SplitLife

_LATER = TODAY + timedelta(days=30)


def _indexed() -> SplitLife:
    """Return a life with files of all kinds, indexed as a whole until no failure may pass."""
    life = SplitLife()
    life.put(a1="img:1", a2="txt:some words", b="pdf:p|q", c="img:?4", d="bad", e="slow")
    for _ in range(life.settings.transient_attempts):
        life.run_all()
    return life


def _split(life: SplitLife, shards: int) -> int:
    """Split and run; return the calls of models that it took."""
    before = life.ledger.entries.total()
    life.split(shards)
    life.run_all()
    return life.ledger.entries.total() - before


@pytest.mark.parametrize("shards", [2, 3, 64])
def test_a_split_and_a_merge_serve_the_same_points_and_call_no_model(shards: int) -> None:
    life = _indexed()
    whole = life.served()
    assert (_split(life, shards), life.served()) == (0, whole)
    assert (_split(life, 1), life.served()) == (0, whole)


def test_another_number_of_shards_is_reached_from_any() -> None:
    life = _indexed()
    whole = life.served()
    for shards in (3, 2, 5):
        assert (_split(life, shards), life.served()) == (0, whole)


def test_a_point_has_its_hash_in_whatever_partition() -> None:
    life = _indexed()
    before = life.state.tables.read("points", DOMAIN)
    _split(life, 3)
    after = {
        row
        for partition in life.partitions()
        if (table := life.state.tables.read("points", partition)) is not None
        for row in table.select("point_id", "point_hash").iter_rows()
    }
    assert before is not None
    assert after == set(before.select("point_id", "point_hash").iter_rows())


def test_nothing_is_left_of_the_partitions_before() -> None:
    life = _indexed()
    _split(life, 3)
    world = life.world()
    assert partitions_there(world, DOMAIN) == life.partitions()
    assert [n for n in world.vectors.aliases() if n == collection_name("mmrag", DOMAIN)] == []
    assert [table for table in TABLES if DOMAIN in world.tables.partitions(table)] == []


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("order", [(1, 3), (3, 1), (2, 3)])
def test_every_file_is_found_once_whenever_the_run_of_a_split_dies(
    order: tuple[int, int], late: bool
) -> None:
    before, after = order
    at, died = 1, True
    while died:
        life = _indexed()
        _split(life, before)
        whole, paid = life.served(), life.ledger.entries.total()
        life.split(after)
        died = life.run_all_until(Fuse(at, late=late))
        assert life.served() == whole
        life.run_all(order=-1)
        assert (life.served(), life.ledger.entries.total()) == (whole, paid)
        assert partitions_there(life.world(), DOMAIN) == life.partitions()
        at += 11


def test_a_split_that_was_given_up_half_way_leaves_nothing() -> None:
    life = _indexed()
    whole = life.served()
    life.split(3)
    run_partition(life.world(), life.partitions()[0], Mode("half"))
    life.split(1)
    life.run_all()
    assert (life.served(), partitions_there(life.world(), DOMAIN)) == (whole, [DOMAIN])


def test_a_change_during_a_split_is_served_when_it_ends() -> None:
    life = _indexed()
    life.split(3)
    run_partition(life.world(), life.partitions()[0], Mode("half"))
    life.put(a1="img:2", new="txt:more words")
    life.run_all()
    assert life.served() == life.rebuilt_whole()


def test_a_run_that_began_before_the_split_was_named_takes_nothing_away() -> None:
    life = _indexed()
    began = life.world()
    _split(life, 3)
    aliases, named = {*began.vectors.aliases()}, life.settings.shards
    run_partition(replace(began, kept_shards=lambda: named), DOMAIN, Mode("late"))
    assert aliases < {*life.world().vectors.aliases()}


def test_nothing_goes_before_the_last_partition_serves() -> None:
    life = _indexed()
    whole = life.served()
    life.split(2)
    first, last = life.partitions()
    for step in STEPS[:-1]:
        run_step(life.world(), step, last, mode=Mode("all but the collection"))
    run_partition(life.world(), first, Mode("first"))
    assert life.served() == whole


def test_nothing_goes_whose_tables_nobody_has_taken_over() -> None:
    life = _indexed()
    backup = deepcopy(life.state.tables)
    _split(life, 2)
    life.state = replace(life.state, tables=backup)
    run_partition(life.world(), life.partitions()[0], Mode("first"))
    assert backup.partitions("raw_files") == [DOMAIN, life.partitions()[0]]


def test_a_partition_of_another_number_of_shards_is_not_run() -> None:
    life = _indexed()
    life.split(3)
    with pytest.raises(SettingsError, match=r"'d' is none of the 3 partitions of 'd'.*'d~0-3'"):
        run_partition(life.world(), DOMAIN, Mode("run"))


def test_the_date_of_the_first_indexing_survives() -> None:
    life = _indexed()
    life.now = _LATER
    for shards in (3, 2, 1):
        _split(life, shards)
        assert _column(life, "raw_files", "indexed_at") == {TODAY}


def test_files_out_of_time_stay_out() -> None:
    life = _indexed()
    days = {"ttl_days": {DOMAIN: 10.0}, "ttl_by": "indexed"}
    life.settings = life.settings.model_copy(update=days)
    life.now = _LATER
    life.run_all()
    _split(life, 3)
    assert (life.served(), _column(life, "raw_files", "expired")) == ({}, {True})


def test_dead_letters_keep_their_dates_and_lasting_failures_are_not_tried_again() -> None:
    life = _indexed()
    before = _rows(life, "dead_letters")
    life.now = _LATER
    _split(life, 3)
    assert _rows(life, "dead_letters") == before
    assert before != []


def test_a_file_that_cannot_be_read_now_keeps_its_last_content() -> None:
    life = _indexed()
    whole = life.served()
    life.source.touch(DOMAIN, "b")
    life.source.forbid(DOMAIN, "b")
    _split(life, 3)
    assert {p[0]["key"] for p in life.served().values()} == {p[0]["key"] for p in whole.values()}


@pytest.mark.parametrize("shards", [1, 3])
def test_a_purged_file_stays_purged(shards: int) -> None:
    life = _indexed()
    _split(life, shards)
    assert not life.purge_until(Fuse(0), "a1")
    for number in (2, 5, 1):
        _split(life, number)
        assert "a1" not in {payload["key"] for payload, *_ in life.served().values()} != set()
    assert tombstones(life.world(), DOMAIN)["file_id"].to_list() == [file_id(DOMAIN, "a1")]


def test_a_purge_in_the_middle_of_a_split_cuts_both_sets() -> None:
    life = _indexed()
    life.split(3)
    run_partition(life.world(), life.home_of("a1"), Mode("half"))
    assert not life.purge_until(Fuse(0), "a1")
    held = [life.state.tables.read("raw_files", p) for p in (DOMAIN, life.home_of("a1"))]
    assert all(rows is not None and "a1" not in rows["key"] for rows in held)
    assert "a1" not in {payload["key"] for payload, *_ in life.served().values()}


def test_events_reach_the_partition_of_their_file() -> None:
    life = _indexed()
    _split(life, 3)
    life.source.is_bucket = True
    life.put(a2="txt:other words")
    life.world().inbox.put({life.home_of("a2"): [Event("a2", "01", "Put", TODAY)]})
    life.run_all(events=True)
    assert life.served() == life.rebuilt_whole()
    assert life.world().inbox.partitions() == []


def test_events_that_waited_for_the_whole_domain_go_to_its_shards() -> None:
    life = _indexed()
    life.split(3)
    run_partition(life.world(), life.home_of("a2"), Mode("half"))
    life.world().inbox.put({DOMAIN: [Event("a2", "01", "Put", TODAY)]})
    others = [name for name in life.partitions() if name != life.home_of("a2")]
    for name in others:
        run_partition(life.world(), name, Mode("rest"))
    assert life.world().inbox.partitions() == [life.home_of("a2")]


def test_the_plan_of_a_split_foresees_that_it_costs_nothing() -> None:
    life = _indexed()
    life.split(3)
    rows = [row for name in life.partitions() for row in plan(life.world(), name)]
    assert {(row.calls, row.exact) for row in rows} == {(0, True)}
    assert sum(row.add for row in rows if row.station == "raw_files") == 0


def test_machines_that_share_tables_switch_each_when_its_own_index_is_whole() -> None:
    life, machines = _on_two_machines()
    whole = life.served()
    life.state = machines[0]
    _split(life, 3)
    life.state = machines[1]
    assert life.served() == whole
    life.run_all()
    assert (life.served(), partitions_there(life.world(), DOMAIN)) == (whole, life.partitions())


def test_a_purge_cuts_an_index_whose_tables_another_machine_has_taken_over() -> None:
    life, machines = _on_two_machines()
    life.state = machines[0]
    _split(life, 3)
    life.state = machines[1]
    assert not life.purge_until(Fuse(0), "a1")
    assert "a1" not in {payload["key"] for payload, *_ in life.served().values()} != set()


def _on_two_machines() -> tuple[SplitLife, list[State]]:
    """Return a life that was indexed on two machines which share all but the index."""
    life, tables = SplitLife(), MemoryTables()
    life.put(a1="img:1", a2="txt:some words", b="pdf:p|q")
    machines = []
    for _ in range(2):
        own = SplitTables(tables, MemoryTables(), ("collection", "failures.collection"))
        life.state = replace(life.state, tables=own, vectors=MemoryVectors())
        life.run_all()
        machines.append(life.state)
    return life, machines


def _column(life: SplitLife, table: str, column: str) -> set[object]:
    return {row[column] for row in _rows(life, table) if row["digest"] or column == "expired"}


def _rows(life: SplitLife, table: str) -> list[dict[str, object]]:
    """Return the rows of a table in all partitions of today, by key."""
    tables = (life.state.tables.read(table, name) for name in life.partitions())
    rows = [row for held in tables if held is not None for row in held.to_dicts()]
    return sorted(rows, key=lambda row: str(row["key"]))
