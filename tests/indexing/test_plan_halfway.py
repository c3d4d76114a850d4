"""After a purge, or a run that died half way, a plan tells what the next run really does."""

from dataclasses import replace

import pytest

from mmrag_pipeline.testing.frail import Fuse
from tests.indexing.foretold import ROW_OF, planned_for, told, truth_of
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import purge_until, purged

COLLECTION = "mmrag__d__g1"


def _started() -> Life:
    life = Life()
    life.put(secret="pdf:p|=a layer of words", other="img:1@150x100", note="txt:words", bad="bad")
    life.run()
    return life


def _is_trusted(life: Life) -> bool:
    lineage = life.state.tables.lineage("collection", DOMAIN)
    return lineage is not None and lineage.upstream.get("collection") == COLLECTION


def test_after_a_purge_nothing_is_planned_and_the_run_does_nothing() -> None:
    life = _started()
    purged(life, "secret")
    planned, done = planned_for(life), truth_of(life)
    assert all(p.exact and p.calls == p.add == p.change == p.delete == 0 for p in planned.values())
    assert {name: told(planned[name]) for name in ROW_OF} == done.rows
    assert done.outcomes["collection"].computed == 0


def test_points_that_a_dying_purge_left_are_planned_as_deleted() -> None:
    life, at = _started(), 0
    while _is_trusted(life):  # the purge dies between the table and the points
        life, at = _started(), at + 1
        assert purge_until(life, Fuse(at), "secret")
    planned, done = planned_for(life)["collection"], truth_of(life)
    assert planned.exact
    assert planned.delete == done.outcomes["collection"].changes["deleted"] > 0


def test_files_that_come_after_a_purge_are_all_that_is_planned() -> None:
    life = _started()
    purged(life, "secret")
    life.source.copy(DOMAIN, "other", "copy")
    planned, done = planned_for(life)["collection"], truth_of(life)
    assert (planned.add, planned.change, planned.delete, planned.exact) == (
        done.outcomes["collection"].changes["upserted"],
        *(0, 0, True),
    )


@pytest.mark.parametrize("back", range(1, 5))
def test_what_a_run_that_died_at_the_collection_has_left_to_do_is_planned(back: int) -> None:
    whole, life = Fuse(0), _started()
    life.put(other="img:2", more="img:3")
    life.run_until(whole)
    life = _started()
    life.put(other="img:2", more="img:3")
    assert life.run_until(Fuse(whole.commits - back, late=True))
    planned, done = planned_for(life)["collection"], truth_of(life)
    assert planned.exact
    assert sum(told(planned)[:3]) == done.outcomes["collection"].computed


def test_points_that_were_made_another_way_are_all_planned_whatever_model_changed_too() -> None:
    life = _started()
    points = life.state.tables.read("points", DOMAIN)
    lineage = life.state.tables.lineage("points", DOMAIN)
    assert points is not None
    assert lineage is not None
    life.state.tables.write(points, replace(lineage, recipe="of an older revision"))
    life.change_model("captioner", "2")
    planned = planned_for(life)["points"]
    assert (planned.exact, planned.reuse) == (False, 0)


def test_a_collection_that_another_process_holds_makes_the_plan_an_estimate() -> None:
    life = _started()
    purged(life, "secret")
    with life.world().vectors.writer(COLLECTION):
        planned = planned_for(life)["collection"]
    assert (planned.exact, planned.add > 0) == (False, True)


def test_groups_that_a_dying_run_left_to_be_told_to_points_are_planned() -> None:
    life = _started()
    life.settings = life.settings.model_copy(update={"default_visibility": ("é'\"\\", "b")})
    life.run_until(Fuse(3))
    planned, done = planned_for(life)["points"], truth_of(life)
    assert planned.exact
    assert told(planned) == done.rows["points"]
    assert planned.change > 0


def test_tiles_of_a_deleted_file_that_a_dying_run_left_are_planned_as_deleted() -> None:
    life = _started()
    life.source.delete(DOMAIN, "other")
    life.run_until(Fuse(3))
    planned, done = planned_for(life)["tiles"], truth_of(life)
    assert told(planned) == done.rows["tiles"]
    assert planned.delete > 0
