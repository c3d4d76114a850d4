"""Generations have a history: what serves, what was kept back, and what is dropped when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.indexing import generations
from mmrag_pipeline.indexing.generations import is_in_place, standing
from mmrag_pipeline.indexing.history import Said, history, verdict_on
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.verify import repair, verify
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from mmrag_pipeline.testing.gates import SettledGate
from mmrag_pipeline.testing.snapshot import serving
from tests.indexing.life import DOMAIN, Life

ANNA = Said(by="anna", reason="it finds less")
G1, G2, G3 = (collection_name("mmrag", DOMAIN, number) for number in (1, 2, 3))


@pytest.fixture
def life() -> Life:
    """Give a domain whose second model serves, beside the generation of the first."""
    made = Life()
    made.put(a="img:1", b="txt:some words")
    _index(made, "1")
    _index(made, "2")
    return made


def test_the_history_tells_what_served_when_and_why(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    assert _events(life) == [
        (G1, "served", "run", ""),
        (G2, "served", "run", "no labelled queries are named (MMRAG_GATE_QUERIES)"),
        (G2, "rolled_back", "anna", "it finds less"),
        (G1, "restored", "anna", "it finds less"),
    ]


def test_a_run_that_changes_nothing_adds_nothing_to_the_history(life: Life) -> None:
    before = _events(life)
    life.run()
    assert _events(life) == before


def test_one_that_is_dropped_has_no_verdict_of_the_one_that_serves(life: Life) -> None:
    _index(life, "3")
    assert _events(life)[-1] == (G1, "dropped", "run", "")


def test_a_number_is_never_given_twice(life: Life) -> None:
    life.settings = life.settings.model_copy(update={"keep_generations": 0})
    _index(life, "1")
    assert _held(life) == [G1]
    _index(life, "3")
    assert _held(life) == [G3]


def test_a_number_whose_collection_was_dropped_by_a_run_that_died_is_not_given_again(
    life: Life,
) -> None:
    life.state.vectors.create(G3, life.state.vectors.layouts()[G1])
    fuse = Fuse(2, late=True)
    with pytest.raises(Killed):
        generations.retire(life.world(state=frail(life.state, fuse)), DOMAIN, [], Said("run"))
    assert _held(life) == [G1, G2]
    _index(life, "3")
    assert serving(life.world(), DOMAIN) == "mmrag__d__g4"


@pytest.mark.parametrize(("kept", "left"), [(0, [G3]), (1, [G2, G3]), (2, [G1, G2, G3])])
def test_as_many_generations_are_kept_as_settings_say(
    life: Life, kept: int, left: list[str]
) -> None:
    life.settings = life.settings.model_copy(update={"keep_generations": kept})
    _index(life, "3")
    assert _held(life) == left


@pytest.mark.parametrize(("days", "left"), [(29, [G1, G2]), (31, [G2])])
def test_a_generation_is_kept_for_some_days_after_it_served_last(
    life: Life, days: int, left: list[str]
) -> None:
    life.now += timedelta(days=days)
    life.run()
    assert _held(life) == left


def test_one_that_was_restored_meanwhile_is_kept_from_then_on(life: Life) -> None:
    life.now += timedelta(days=20)
    generations.rollback(life.world(), DOMAIN, ANNA)
    generations.promote(life.world(), DOMAIN, ANNA)
    life.now += timedelta(days=20)
    life.run()
    assert _held(life) == [G1, G2]


def test_a_generation_that_is_being_asked_is_dropped_by_a_later_run(life: Life) -> None:
    life.settings = life.settings.model_copy(update={"keep_generations": 0})
    with life.state.vectors.reader(G1):
        life.run()
    assert _held(life) == [G1, G2]
    life.run()
    assert _held(life) == [G2]
    assert [event for _, event, _, _ in _events(life)].count("dropped") == 1


def test_one_that_was_rolled_back_stays_back_until_it_is_promoted(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    life.put(c="txt:later words")
    assert life.run()["collection"].changes["held_back"] == 1
    assert serving(life.world(), DOMAIN) == G1
    _index(life, "1")
    _index(life, "2")
    assert serving(life.world(), DOMAIN) == G1
    assert generations.promote(life.world(), DOMAIN, ANNA) == G2
    life.run()
    assert serving(life.world(), DOMAIN) == G2
    assert life.index() == life.rebuild()[0]


def test_one_that_was_rolled_back_is_kept_up_to_date_and_not_dropped(life: Life) -> None:
    life.settings = life.settings.model_copy(update={"keep_generations": 0})
    generations.rollback(life.world(), DOMAIN, ANNA)
    life.put(c="txt:later words")
    life.run()
    generations.promote(life.world(), DOMAIN, ANNA)
    assert life.index() == life.rebuild()[0]


def test_a_third_layout_after_a_rollback_asks_the_gate_as_any_other(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    gate = life.gate = SettledGate(passed=True)
    _index(life, "3")
    assert gate.asked == [(G1, G3)]
    assert serving(life.world(), DOMAIN) == G3


def test_one_that_is_refused_is_judged_again_only_when_it_changed(life: Life) -> None:
    gate = life.gate = SettledGate(passed=False)
    _index(life, "3")
    life.run()
    assert (serving(life.world(), DOMAIN), gate.asked) == (G2, [(G2, G3)])
    life.put(c="txt:later words")
    life.run()
    assert gate.asked == [(G2, G3)] * 2


def test_the_numbers_of_a_verdict_are_kept_with_it(life: Life) -> None:
    life.gate = SettledGate(passed=False)
    _index(life, "3")
    assert _events(life)[-1] == (G3, "refused", "run", "d is worse")
    assert verdict_on(life.world(), DOMAIN, G3)["queries"] == 1


def test_nothing_is_judged_while_nothing_else_serves() -> None:
    life = Life(gate=SettledGate(passed=False))
    life.put(a="img:1")
    life.run()
    assert serving(life.world(), DOMAIN) == G1


def test_going_back_to_earlier_settings_serves_the_generation_of_then_up_to_date(
    life: Life,
) -> None:
    life.put(c="txt:later words")
    life.run()
    _index(life, "1")
    assert serving(life.world(), DOMAIN) == G1
    assert life.index() == life.rebuild()[0]


def test_a_refused_one_can_be_promoted_and_rolled_back_from(life: Life) -> None:
    life.gate = SettledGate(passed=False)
    _index(life, "3")
    assert generations.promote(life.world(), DOMAIN, ANNA) == G3
    life.run()
    assert serving(life.world(), DOMAIN) == G3
    assert generations.rollback(life.world(), DOMAIN, ANNA) == G2


def test_nothing_is_rolled_back_to_what_never_served(life: Life) -> None:
    _index(life, "1")
    life.state.vectors.drop(G2)
    life.gate = SettledGate(passed=False)
    _index(life, "3")
    with pytest.raises(NotFoundError, match="no generation that served before"):
        generations.rollback(life.world(), DOMAIN, ANNA)
    assert serving(life.world(), DOMAIN) == G1


def test_a_second_rollback_does_not_go_forward_again(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    with pytest.raises(NotFoundError, match="no generation that served before"):
        generations.rollback(life.world(), DOMAIN, ANNA)


def test_an_index_from_before_the_history_is_rolled_back_too(life: Life) -> None:
    lineage = life.state.tables.lineage("generations", DOMAIN)
    assert lineage is not None
    none = history(life.world(), DOMAIN).clear()
    life.state.tables.write(none, replace(lineage, rows=0))
    assert generations.rollback(life.world(), DOMAIN, ANNA) == G1


@pytest.mark.parametrize("to", ["mmrag__d__g7", "mmrag__other__g1"])
def test_a_generation_that_is_not_there_is_named_with_those_that_are(life: Life, to: str) -> None:
    for act in (generations.promote, generations.rollback):
        with pytest.raises(NotFoundError, match=f"no generation {to!r}; it has: {G1}, {G2}"):
            act(life.world(), DOMAIN, ANNA, to=to)


def test_what_serves_already_is_neither_promoted_nor_restored(life: Life) -> None:
    for act in (generations.promote, generations.rollback):
        with pytest.raises(CollectionMismatchError, match="already"):
            act(life.world(), DOMAIN, ANNA, to=G2)


def test_one_that_is_half_written_is_neither_promoted_nor_restored(life: Life) -> None:
    with life.state.vectors.writer(G1) as index:
        index.set_marks({"writer-1": life.now.isoformat()})
    for act in (generations.promote, generations.rollback):
        with pytest.raises(CollectionMismatchError, match="not complete"):
            act(life.world(), DOMAIN, ANNA, to=G1)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", [1, 2])
def test_a_rollback_that_dies_is_made_or_not_and_the_next_run_ends_it(
    life: Life, at: int, late: bool
) -> None:
    world = life.world(state=frail(life.state, Fuse(at, late=late)))
    with pytest.raises(Killed):
        generations.rollback(world, DOMAIN, ANNA)
    noted = (at, late) != (1, False)
    assert standing(life.world(), DOMAIN) == (G1 if noted else G2)
    life.run()
    assert serving(life.world(), DOMAIN) == (G1 if noted else G2)


def test_a_promotion_that_died_before_the_alias_moved_is_ended_by_the_next_run(life: Life) -> None:
    life.gate = SettledGate(passed=False)
    _index(life, "3")
    world = life.world(state=frail(life.state, Fuse(2)))
    with pytest.raises(Killed):
        generations.promote(world, DOMAIN, ANNA)
    assert serving(life.world(), DOMAIN) == G2
    assert not is_in_place(life.world(), DOMAIN, G3)
    life.run()
    assert serving(life.world(), DOMAIN) == G3


def test_one_that_was_kept_back_is_in_place_while_the_other_serves(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    assert is_in_place(life.world(), DOMAIN, G2)
    life.state.vectors.move_alias("mmrag__d", G2)
    assert not is_in_place(life.world(), DOMAIN, G2)


def test_one_that_is_held_back_is_no_drift_and_is_compared_itself(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    life.put(c="txt:later words")
    life.run()
    drift = verify(life.world(), DOMAIN)
    assert (drift.clean, drift.serving, drift.expected) == (True, G1, G1)
    assert drift.held_back == G2
    with life.state.vectors.writer(G2) as index:
        index.delete([next(iter(index.held()))["point_id"][0]])
    assert (verify(life.world(), DOMAIN).missing, verify(life.world(), DOMAIN).clean) == (1, False)


def test_an_alias_that_leads_elsewhere_than_was_chosen_is_drift(life: Life) -> None:
    generations.rollback(life.world(), DOMAIN, ANNA)
    life.state.vectors.move_alias("mmrag__d", G2)
    assert not verify(life.world(), DOMAIN).clean
    repair(life.world(), DOMAIN, Mode("repair"))
    assert serving(life.world(), DOMAIN) == G1
    assert verify(life.world(), DOMAIN).clean


def _index(life: Life, revision: str) -> None:
    life.change_model("text", revision)
    life.run()


def _held(life: Life) -> list[str]:
    return sorted(life.state.vectors.layouts())


def _events(life: Life) -> list[tuple[str, str, str, str]]:
    rows = history(life.world(), DOMAIN)
    return list(rows.select("collection", "event", "by", "reason").iter_rows())
