"""The collection is reconciled: damage and drift are found and repaired without a model."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import CollectionMismatchError, CorruptStateError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing import collection
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.verify import repair, verify
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import serving
from tests.indexing.life import DOMAIN, Life

ALIAS = collection_name("mmrag", DOMAIN)
FIRST = collection_name("mmrag", DOMAIN, 1)
FOREIGN = "00000000-0000-4000-8000-000000000001"
Damage = Callable[[CollectionWriter, list[str]], None]


def _started() -> Life:
    life = Life()
    life.put(a="img:1", b="txt:some words", c="pdf:p|q@150x100")
    life.run()
    life.ledger = Ledger()
    return life


def _lose(index: CollectionWriter, ids: list[str]) -> None:
    index.delete(ids)


def _change(index: CollectionWriter, ids: list[str]) -> None:
    index.set_payloads({point_id: {"text": "not ours"} for point_id in ids})


def _add(index: CollectionWriter, ids: list[str]) -> None:
    index.upsert([StoredPoint(FOREIGN, {"kind": "foreign", "seen": len(ids)})])


def _damage(life: Life, damage: Damage, picks: list[int]) -> None:
    with life.state.vectors.writer(serving(life.world(), DOMAIN) or "") as index:
        ids = collection.held(index)["point_id"].to_list()
        damage(index, [ids[pick % len(ids)] for pick in picks] if ids else [])


@settings(max_examples=8)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([_lose, _change, _add]), st.lists(st.integers(0, 30), min_size=1)
        ),
        max_size=3,
    ),
    st.sampled_from(["", "move alias", "drop"]),
)
def test_any_damage_is_repaired_without_a_model(
    damages: list[tuple[Damage, list[int]]], also: str
) -> None:
    life = _started()
    for damage, picks in damages:
        _damage(life, damage, picks)
    if also == "move alias":
        life.state.vectors.create("mmrag__d__g9", life.state.vectors.layouts()[FIRST])
        life.state.vectors.move_alias(ALIAS, "mmrag__d__g9")
    if also == "drop":
        life.state.vectors.drop(FIRST)
    repair(life.world(), DOMAIN, Mode("repair"))
    assert life.index()[0] == life.rebuild()[0][0]
    assert life.ledger.calls() == 0
    assert verify(life.world(), DOMAIN).clean


def test_a_lost_point_comes_back_at_the_next_run() -> None:
    life = _started()
    _damage(life, _lose, [0])
    assert life.run()["collection"].changes["upserted"] == 1


def test_verify_counts_missing_foreign_and_changed_points() -> None:
    life = _started()
    _damage(life, _lose, [0])
    _damage(life, _change, [1])
    _damage(life, _add, [2])
    drift = verify(life.world(), DOMAIN)
    assert (drift.missing, drift.foreign, drift.changed) == (1, 1, 1)
    assert FOREIGN in drift.samples


def test_verify_finds_an_index_clean_after_a_run() -> None:
    assert verify(_started().world(), DOMAIN).clean


def test_verify_says_when_the_alias_is_gone_or_leads_to_another_layout() -> None:
    life = _started()
    life.change_model("image_text", "2")
    drift = verify(life.world(), DOMAIN)
    assert not drift.layout_fits
    assert (drift.serving, drift.expected) == (FIRST, "mmrag__d__g2")


def test_verify_changes_nothing() -> None:
    life = _started()
    _damage(life, _lose, [0])
    before = life.index()
    verify(life.world(), DOMAIN)
    assert life.index() == before


def test_another_layout_gets_another_generation_and_the_old_one_is_kept() -> None:
    life = _started()
    life.change_model("text", "2")
    life.run()
    assert serving(life.world(), DOMAIN) == "mmrag__d__g2"
    assert set(life.state.vectors.layouts()) == {FIRST, "mmrag__d__g2"}


def test_the_generation_that_served_last_is_the_one_that_is_kept() -> None:
    life = _started()
    for revision in ("2", "1", "3"):
        life.change_model("text", revision)
        life.run()
    assert set(life.state.vectors.layouts()) == {FIRST, "mmrag__d__g3"}


def test_going_back_to_an_earlier_model_serves_its_generation_brought_up_to_date() -> None:
    life = _started()
    life.change_model("text", "2")
    life.put(d="txt:a later note")
    life.run()
    life.change_model("text", "1")
    life.run()
    assert serving(life.world(), DOMAIN) == FIRST
    assert life.index() == life.rebuild()[0]


@pytest.mark.parametrize("late", [False, True])
def test_the_old_generation_serves_until_the_next_is_complete(late: bool) -> None:
    for at in range(1, 60):
        life = _started()
        before = life.index()[0]
        life.change_model("image_text", "2")
        after = life.rebuild()[0][0]
        if not life.run_until(Fuse(at, late=late)):
            break
        assert life.index()[0] in (before, after)
        if serving(life.world(), DOMAIN) != FIRST:
            assert life.index()[0] == after


def test_points_of_other_models_are_not_written() -> None:
    life = _started()
    life.change_model("image_text", "2")
    with pytest.raises(CollectionMismatchError, match="other models"):
        run_step(life.world(), collection.STEP, DOMAIN, mode=Mode("alone"))
    assert serving(life.world(), DOMAIN) == FIRST


def test_a_missing_points_table_is_not_an_empty_one() -> None:
    life = Life()
    with pytest.raises(CorruptStateError, match="points"):
        run_step(life.world(), collection.STEP, DOMAIN, mode=Mode("alone"))
