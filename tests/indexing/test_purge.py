"""purge: a file leaves everything that was made of it, and nothing else does."""

from copy import deepcopy
from dataclasses import replace

import polars as pl
import pytest

from mmrag_pipeline.errors import CollectionBusyError, CorruptStateError
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.checks import judge_vectors
from mmrag_pipeline.indexing.purge_request import files_of
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.tombstones import lift
from mmrag_pipeline.records import Event
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.worlds import TODAY
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import (
    Busy,
    Keeper,
    answered,
    keeper_of,
    keys_in,
    marks_of,
    purge_until,
    purged,
    request,
    traces,
    without,
)

FIRST, SECOND = "mmrag__d__g1", "mmrag__d__g2"
SECRET = "pdf:p|s|=a layer of words that says sesame|t@150x100"
ID = file_id(DOMAIN, "secret")


def _started(**files: str) -> Life:
    """Return a life with a file `secret` beside others, indexed; its ledger is empty."""
    life = Life()
    life.put(secret=SECRET, other="img:1", note="txt:words", **files)
    life.run()
    life.ledger = Ledger()
    return life


def _event(key: str) -> Event:
    return Event(key, "01", "ObjectCreated:Put", TODAY)


def _table(life: Life, name: str) -> pl.DataFrame:
    table = life.state.tables.read(name, DOMAIN)
    assert table is not None
    return table


def test_nothing_of_a_purged_file_is_left() -> None:
    life = _started()
    life.state.inbox.put({DOMAIN: [_event("secret")]})
    marks = marks_of(life, "secret")
    assert traces(life, marks) == marks
    assert purged(life, "secret").complete
    assert traces(life, marks) == set()


def test_the_run_after_a_purge_calls_no_model_and_gives_the_index_without_the_file() -> None:
    life = _started()
    purged(life, "secret")
    life.run()
    assert life.ledger.calls() == 0
    assert life.index() == without(life, "secret")


def test_the_purged_points_are_gone_before_any_run() -> None:
    life = _started()
    purged(life, "secret")
    assert life.index()[0] == without(life, "secret")[0]


def test_a_run_for_events_does_not_bring_it_back() -> None:
    life = _started()
    purged(life, "secret")
    life.state.inbox.put({DOMAIN: [_event("secret")]})
    run_partition(life.world(), DOMAIN, Mode("events", events=True))
    assert life.index() == without(life, "secret")
    assert not life.state.inbox.pending(DOMAIN).tokens


def test_a_lifted_tombstone_brings_it_back_at_the_next_full_run() -> None:
    life = _started()
    before = life.index()
    purged(life, "secret")
    life.run()
    assert lift(life.world(), DOMAIN, list(files_of(DOMAIN, ["secret"]))) == [ID]
    life.run()
    assert life.index() == before


def test_a_lift_before_any_run_brings_it_back_as_well() -> None:
    life = _started()
    before = life.index()
    purged(life, "secret")
    lift(life.world(), DOMAIN, [ID])
    life.run()
    assert life.index() == before


def test_copies_under_other_keys_stay_with_all_that_was_made_of_them() -> None:
    life = _started(copy=SECRET, again="pdf:p|u")
    receipt = purged(life, "secret")
    life.run()
    assert receipt.complete
    assert life.ledger.calls() == 0
    assert life.index() == without(life, "secret")


def test_a_copy_in_another_partition_stays() -> None:
    life = _started()
    life.source.put("e", "copy", SECRET.encode())
    run_partition(life.world(), "e", Mode("e"))
    life.ledger = Ledger()
    assert purged(life, "secret").complete
    run_partition(life.world(), "e", Mode("again", force=True))
    assert life.ledger.calls() == 0


def test_earlier_versions_of_the_file_leave_the_memo() -> None:
    life = _started()
    life.put(secret="img:9@150x100")
    life.run()
    assert "sesame" in traces(life, ["sesame"])
    purged(life, "secret")
    assert traces(life, ["sesame"]) == set()


def test_every_generation_loses_the_file() -> None:
    life = _started()
    life.change_model("text", "2")
    life.run()
    receipt = purged(life, "secret")
    assert receipt.removed[f"collections/{FIRST}"] > 0
    assert receipt.removed[f"collections/{SECOND}"] > 0
    assert keys_in(life, FIRST) == {"other", "note"}


def test_an_older_generation_loses_the_file_under_its_earlier_name_too() -> None:
    life = _started()
    life.source.move(DOMAIN, "secret", "renamed")
    life.change_model("text", "2")
    life.run()
    purged(life, "renamed")
    assert keys_in(life, FIRST) == {"other", "note"}


def test_a_rename_that_was_only_half_indexed_hides_nothing() -> None:
    life = _started()
    life.source.move(DOMAIN, "secret", "renamed")
    life.run_until(Fuse(2, late=True))
    marks = marks_of(life, "secret")
    assert purged(life, "renamed").complete
    assert traces(life, marks) == set()
    assert keys_in(life, FIRST) == {"other", "note"}


def test_notices_of_the_file_are_forgotten_and_others_kept() -> None:
    life = _started()
    life.state.inbox.put({DOMAIN: [_event("secret"), _event("other")]})
    life.state.inbox.put({DOMAIN: [_event("note")]})
    assert purged(life, "secret").removed["inbox"] == 1
    assert [e.key for e in life.state.inbox.pending(DOMAIN).events] == ["note", "other"]


def test_dead_letters_and_failures_of_the_file_go_and_those_of_others_stay() -> None:
    life = _started(bad="bad", slow="slow")
    receipt = purged(life, "bad")
    letters = life.state.tables.read("dead_letters", DOMAIN)
    assert letters is not None
    assert letters["key"].to_list() == ["slow"]
    assert receipt.removed["tables/failures.pages"] == 1


def test_a_shared_failure_stays_and_its_message_forgets_the_name() -> None:
    life = Life()
    life.put(the_secret_name="bad", copy="bad")
    life.run()
    table = _table(life, "failures.pages")
    told = table.with_columns(message=table["message"] + " 'the_secret_name'")
    lineage = life.state.tables.lineage("failures.pages", DOMAIN)
    assert lineage is not None
    life.state.tables.write(told, lineage)
    purged(life, "the_secret_name")
    assert _table(life, "failures.pages")["message"].to_list() == [
        "it told of a file that was purged"
    ]


def test_a_file_given_by_its_id_is_purged_by_its_key() -> None:
    life = _started()
    receipt = answered(life, request(files={ID: None}))
    assert receipt.files == {ID: "secret"}
    assert receipt.complete
    assert keys_in(life, FIRST) == {"other", "note"}


def test_an_unknown_key_gets_a_tombstone_and_nothing_was_held() -> None:
    life = _started()
    receipt = purged(life, "to come")
    assert receipt.complete
    assert not receipt.held_anything
    life.source.put(DOMAIN, "to come", b"img:7")
    life.run()
    assert "to come" not in keys_in(life, FIRST)


def test_a_purge_of_a_domain_that_was_never_indexed_leaves_a_tombstone() -> None:
    life = Life()
    life.put(secret="img:1", other="img:2")
    assert not purged(life, "secret").held_anything
    life.run()
    assert keys_in(life, FIRST) == {"other"}


def test_purging_twice_finds_nothing_the_second_time() -> None:
    life = _started()
    purged(life, "secret")
    receipt = purged(life, "secret")
    assert (receipt.removed, receipt.left) == ({}, {})


def test_what_is_still_found_makes_the_receipt_incomplete() -> None:
    life = _started()
    stubborn = Keeper(keeper_of(life), Fuse(0), stubborn=True)
    receipt = answered(life, request("secret"), keeper=stubborn)
    assert not receipt.complete
    assert receipt.left["memo/image_vectors"] > 0


def test_a_shelf_that_nobody_knows_makes_the_receipt_incomplete() -> None:
    life = _started()
    life.state.memo.append("sounds", "f1", DOMAIN, pl.DataFrame({"key": ["a"]}))
    assert purged(life, "secret").left == {"memo/sounds": 1}


def test_what_a_check_found_out_about_vectors_goes_with_them() -> None:
    life = _started()
    assert judge_vectors(life.world(), "image_vectors", DOMAIN).passed
    assert purged(life, "secret").removed["memo/sound_vectors"] > 0


def test_a_run_under_way_stops_it_after_the_tombstone() -> None:
    life = _started()
    with pytest.raises(CollectionBusyError):
        purged(life, "secret", guard=Busy())
    life.run()
    assert life.index() == without(life, "secret")


def test_a_missing_table_is_not_an_empty_one() -> None:
    life = _started()
    lost = MemoryTables()
    for name in ("raw_files", "tiles", "ocr"):
        lineage = life.state.tables.lineage(name, DOMAIN)
        assert lineage is not None
        lost.write(_table(life, name), lineage)
    life.state = replace(life.state, tables=lost)
    with pytest.raises(CorruptStateError, match="a table 'tiles', and the one with its pages"):
        purged(life, "secret")


def test_a_purge_that_died_after_any_commit_is_completed_by_the_next() -> None:
    before = _started(bad="bad")
    before.change_model("text", "2")
    before.run()
    before.state.inbox.put({DOMAIN: [_event("secret"), _event("note")]})
    before.ledger = Ledger()
    marks, after = marks_of(before, "secret"), without(before, "secret")
    at, died = 0, True
    while died:
        at += 1
        life = deepcopy(before)
        died = purge_until(life, Fuse(at, late=True), "secret")
        assert purged(life, "secret").complete
        assert traces(life, marks) == set()
        if at % 4 == 0:
            life.run()
            assert (life.ledger.calls(), life.index()) == (0, after)
    assert at > 30


def test_a_run_after_a_purge_that_died_makes_the_index_right() -> None:
    before = _started(bad="bad")
    after = without(before, "secret")
    for at in range(1, 30, 4):
        life = deepcopy(before)
        purge_until(life, Fuse(at, late=True), "secret")
        life.run()
        assert life.index() == after
