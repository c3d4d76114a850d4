"""What is said of drift, before and after it was mended."""

from dataclasses import replace

import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing.collection import held
from mmrag_pipeline.indexing.drifted import looked_at
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryTables
from mmrag_pipeline.testing.ledger import Ledger
from tests.indexing.life import DOMAIN, Life

FIRST = collection_name("mmrag", DOMAIN, 1)
MEND = Mode("mend")


@pytest.fixture
def life() -> Life:
    """Return a life that was indexed."""
    made = Life()
    made.put(a="img:1", b="txt:some words")
    made.run()
    made.ledger = Ledger()
    return made


def _lose_one(life: Life) -> None:
    with life.state.vectors.writer(FIRST) as index:
        index.delete([held(index)["point_id"][0]])


def test_what_is_as_it_should_be_passes_and_is_left_alone(life: Life) -> None:
    looked = looked_at(life.world(), DOMAIN, mend=MEND)
    assert (looked.verdict.passed, looked.mended, looked.after) == (True, False, None)
    assert looked.verdict.counts["held"] == looked.verdict.counts["desired"] > 0


def test_drift_is_told_and_stays_when_nobody_asks_to_mend_it(life: Life) -> None:
    _lose_one(life)
    verdict = looked_at(life.world(), DOMAIN).verdict
    assert not verdict.passed
    assert f"1 missing, 1 unrecorded in '{FIRST}'; `mmrag verify --repair`" in verdict.message
    assert looked_at(life.world(), DOMAIN).found.missing == 1


def test_what_was_mended_fails_with_the_numbers_it_had_and_passes_the_next_time(
    life: Life,
) -> None:
    _lose_one(life)
    looked = looked_at(life.world(), DOMAIN, mend=MEND)
    assert (looked.verdict.passed, looked.mended, life.ledger.calls()) == (False, True, 0)
    assert (looked.verdict.counts["missing"], looked.changes["upserted"]) == (1, 1)
    assert "it was mended from the memo" in looked.verdict.message
    assert looked_at(life.world(), DOMAIN).verdict.passed


def test_what_cannot_be_mended_says_why(life: Life) -> None:
    _lose_one(life)
    looked = looked_at(replace(life.world(), memo=MemoryMemo()), DOMAIN, mend=MEND)
    assert (looked.mended, life.ledger.calls()) == (False, 0)
    assert "it could not be mended: the memo lost 1 vectors" in looked.verdict.message


def test_points_of_another_model_are_told_with_the_way_out(life: Life) -> None:
    with life.state.vectors.writer(FIRST) as index:
        ids = held(index)["point_id"].to_list()
        index.set_payloads({one: {"cards": {"image": "x", "text": "x"}} for one in ids})
    message = looked_at(life.world(), DOMAIN).verdict.message
    assert f"{len(ids)} changed" in message
    assert "vectors of two models in one collection" in message
    assert f"`mmrag verify --repair --domain {DOMAIN}`" in message


def test_another_collection_in_its_place_is_told(life: Life) -> None:
    life.change_model("image_text", "2")
    message = looked_at(life.world(), DOMAIN).verdict.message
    assert f"'{FIRST}' serves in the place of '{collection_name('mmrag', DOMAIN, 2)}'" in message


def test_without_a_table_of_points_nothing_is_mended(life: Life) -> None:
    before = life.index()[0]
    assert isinstance(life.state.tables, MemoryTables)
    del life.state.tables._tables["points", DOMAIN]
    with pytest.raises(CorruptStateError, match="table of points of 'd' is missing"):
        looked_at(life.world(), DOMAIN, mend=MEND)
    assert life.index()[0] == before
