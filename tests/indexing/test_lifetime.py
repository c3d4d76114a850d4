"""Files leave the index when their time is over, and only then."""

from datetime import timedelta

import polars as pl
import pytest

from mmrag_pipeline.indexing.plan import plan
from mmrag_pipeline.testing.worlds import TODAY
from tests.indexing.life import DOMAIN, Life


def living(life: Life) -> list[str]:
    """Return the keys that have points."""
    rows = [point[0]["key"] for point in life.index()[0].values()]
    return sorted({str(key) for key in rows})


def _life(by: str, **files: str) -> Life:
    life = Life()
    rules = {"ttl_days": {DOMAIN: 10.0}, "ttl_by": by}
    life.settings = life.settings.model_copy(update=rules)
    life.put(**files)
    return life


@pytest.mark.parametrize("by", ["modified", "indexed"])
def test_a_file_leaves_the_index_when_its_time_is_over(by: str) -> None:
    life = _life(by, a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    assert life.run()["raw_files"].changes["expired"] == 1
    assert life.index()[0] == {}


@pytest.mark.parametrize("by", ["modified", "indexed"])
def test_no_file_leaves_before_its_time(by: str) -> None:
    life = _life(by, a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=8)
    life.run()
    assert living(life) == ["a"]


def test_another_version_of_a_file_begins_anew() -> None:
    life = _life("indexed", a="img:1", b="img:2")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.put(a="img:3")
    life.run()
    assert living(life) == ["a"]


def test_a_file_out_of_time_comes_back_in_another_version() -> None:
    life = _life("indexed", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.run()
    life.put(a="img:2")
    life.run()
    assert living(life) == ["a"]


def test_an_old_file_is_never_read() -> None:
    life = _life("modified", a="img:1")
    life.now = TODAY + timedelta(days=400)
    life.run()
    assert life.source.opened["a"] == 0


def test_a_file_out_of_time_is_not_read_at_each_run() -> None:
    life = _life("indexed", a="img:1")
    life.run()
    opened = life.source.opened["a"]
    life.now = TODAY + timedelta(days=11)
    life.run()
    life.run()
    assert life.source.opened["a"] == opened


def test_a_longer_time_brings_files_back_without_a_model() -> None:
    life = _life("modified", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.run()
    calls = life.ledger.calls()
    life.settings = life.settings.model_copy(update={"ttl_days": {DOMAIN: 99.0}})
    life.run()
    assert (living(life), life.ledger.calls()) == (["a"], calls)


def test_a_run_for_events_lets_other_files_expire_too() -> None:
    life = _life("modified", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.run(events=True)
    assert life.index()[0] == {}


def test_a_star_stands_for_all_other_domains() -> None:
    life = _life("modified", a="img:1")
    life.settings = life.settings.model_copy(update={"ttl_days": {"other": 1.0, "*": 3.0}})
    life.now = TODAY + timedelta(days=4)
    life.run()
    assert life.index()[0] == {}


def test_the_plan_tells_files_that_will_leave() -> None:
    life = _life("modified", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    deleted = {one.station: one.delete for one in plan(life.world(), DOMAIN)}
    assert (deleted["raw_files"], deleted["collection"] > 0) == (1, True)


def test_a_time_that_is_named_for_the_first_time_is_planned_exactly() -> None:
    life = _life("modified", a="img:1", b="img:2")
    days, life.settings = life.settings, life.settings.model_copy(update={"ttl_days": {}})
    life.run()
    life.settings, life.now = days, TODAY + timedelta(days=11)
    planned = plan(life.world(), DOMAIN)
    assert all(one.exact for one in planned)
    assert planned[-1].delete == life.run()["collection"].changes["deleted"] > 0


def test_the_plan_of_files_that_have_left_is_empty() -> None:
    life = _life("modified", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.run()
    stations = plan(life.world(), DOMAIN)
    touched = [one.add + one.change + one.delete + one.expired for one in stations]
    assert sum(touched) == 0


def test_a_file_out_of_time_stays_a_row_that_says_so() -> None:
    life = _life("modified", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.run()
    files = life.state.tables.read("raw_files", DOMAIN)
    assert files is not None
    assert files.filter(pl.col("digest").is_null()).select("key", "expired").rows() == [("a", True)]


def _changes(life: Life) -> dict[str, int]:
    """Run and return the counts of raw_files that are not zero."""
    return {what: number for what, number in life.run()["raw_files"].changes.items() if number}


def test_a_file_that_leaves_or_comes_back_is_neither_edited_nor_added() -> None:
    life = _life("modified", a="img:1")
    assert _changes(life) == {"added": 1}
    life.now = TODAY + timedelta(days=11)
    assert _changes(life) == {"expired": 1}
    assert _changes(life) == {}
    life.settings = life.settings.model_copy(update={"ttl_days": {}})
    assert _changes(life) == {"returned": 1}


def test_those_that_leave_and_those_that_come_back_do_not_cancel_out() -> None:
    life = _life("indexed", a="img:1")
    life.run()
    life.now = TODAY + timedelta(days=6)
    life.put(b="img:2")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.run()
    life.now = TODAY + timedelta(days=17)
    life.put(a="img:3")
    assert _changes(life) == {"expired": 1, "returned": 1}


def test_a_new_file_that_is_too_old_is_counted_as_out_of_time() -> None:
    life = _life("modified", a="img:1")
    life.now = TODAY + timedelta(days=11)
    planned = plan(life.world(), DOMAIN)[0]
    assert (planned.add, planned.delete, planned.expired) == (0, 0, 1)
    assert _changes(life) == {"expired": 1}


def test_a_deleted_file_whose_time_was_over_had_left_before() -> None:
    life = _life("modified", a="img:1", b="img:2")
    life.now = TODAY + timedelta(days=11)
    life.run()
    life.source.delete(DOMAIN, "a")
    assert _changes(life) == {}


def test_the_plan_tells_how_many_leave_because_of_their_time() -> None:
    life = _life("modified", a="img:1", b="img:2", c="img:3")
    life.run()
    life.now = TODAY + timedelta(days=11)
    life.source.delete(DOMAIN, "c")
    files, *others = plan(life.world(), DOMAIN)
    assert (files.delete, files.expired) == (3, _changes(life)["expired"]) == (3, 2)
    assert {one.expired for one in others} == {0}
