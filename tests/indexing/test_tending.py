"""A generation that no run fills shows nobody what was hidden, deleted or purged since."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mmrag_pipeline.errors import CorruptStateError, SettingsError, StateUnavailableError
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.indexing.generations import promote, rollback, serving, standing
from mmrag_pipeline.indexing.history import Said, history
from mmrag_pipeline.indexing.purge import purge
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.tombstones import bury
from mmrag_pipeline.ports import Progress
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.gates import SettledGate
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import index_points
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import AT, Free, keeper_of, request

G1, G2, G3 = (f"mmrag__d__g{number}" for number in (1, 2, 3))
ANNA = Said(by="anna")


def _two() -> Life:
    """Return a life in which g2, of another text model, took the place of g1."""
    life = Life()
    life.put(a="img:1", b="img:2", c="txt:words of a note")
    life.run()
    life.change_model("text", "2")
    life.run()
    life.ledger = Ledger()
    return life


def _shown(life: Life) -> dict[str, list[object]]:
    """Return key -> groups that may see it, as what serves tells."""
    points = index_points(life.world(), DOMAIN).values()
    return {str(payload["key"]): list(payload["visibility"]) for payload, _, _ in points}  # type: ignore[call-overload]  # a list


@pytest.mark.parametrize("held_back", ["refused", "rolled back"])
def test_what_serves_while_another_is_held_back_learns_who_may_see_a_file(held_back: str) -> None:
    life = _two()
    if held_back == "refused":
        life.gate = SettledGate(passed=False)
        life.change_model("text", "3")
        life.run()
    else:
        rollback(life.world(), DOMAIN, ANNA)
    serves, life.ledger = serving(life.world(), DOMAIN), Ledger()
    life.show_to("staff")
    life.source.delete(DOMAIN, "b")
    life.run()
    assert serving(life.world(), DOMAIN) == serves
    assert _shown(life) == {"a": ["staff"], "c": ["public"]}
    assert life.ledger.calls() == 0


@pytest.mark.parametrize("decide", [rollback, promote])
def test_one_that_comes_back_shows_nothing_that_was_hidden_or_deleted_since(
    decide: Callable[..., str],
) -> None:
    life = _two()
    life.show_to("staff")
    life.source.delete(DOMAIN, "b")
    life.run()
    assert decide(life.world(), DOMAIN, ANNA, to=G1) == G1
    assert _shown(life) == {"a": ["staff"], "c": ["public"]}


def test_a_purged_file_does_not_come_back_with_an_older_generation() -> None:
    life = _two()
    file = next(iter(request("a").files[DOMAIN]))
    bury(life.world(), DOMAIN, [file], at=AT, receipt="waits for a run to end")
    rollback(life.world(), DOMAIN, ANNA)
    assert set(_shown(life)) == {"b", "c"}


def test_one_to_which_nothing_happened_since_is_not_looked_into() -> None:
    life = _two()
    with life.state.vectors.reader(G1):  # whoever opens it is refused
        assert rollback(life.world(), DOMAIN, ANNA) == G1


def test_nothing_is_deleted_because_no_table_tells_of_the_files() -> None:
    life = _two()
    before = life.state.vectors.marks(G1)
    life.state = life.state.__class__(MemoryTables(), life.state.memo, life.state.vectors)
    with pytest.raises(CorruptStateError, match="may be shown"):
        rollback(life.world(), DOMAIN, ANNA, to=G1)
    assert life.state.vectors.marks(G1) == before
    assert serving(life.world(), DOMAIN) == G2


def test_a_visibility_that_was_taken_back_is_so_in_a_generation_that_serves_again() -> None:
    life = _two()
    life.show_to("staff")
    life.run()
    rollback(life.world(), DOMAIN, ANNA)
    life.show_to("public")
    life.change_model("text", "1")
    life.run()
    assert life.index()[0] == life.rebuild()[0][0]


def test_a_generation_that_serves_again_has_the_categories_of_today() -> None:
    life = _two()
    life.sort_into("bills")
    life.run()
    rollback(life.world(), DOMAIN, ANNA)
    served = index_points(life.world(), DOMAIN).values()
    assert {payload["category"] for payload, _, _ in served if payload["key"] == "a"} == {"bills"}


@pytest.mark.parametrize("role", ["ocr", "captioner"])
def test_a_purge_takes_no_other_files_points_from_one_that_was_rolled_back_to(role: str) -> None:
    life = _two()
    life.change_model(role, "2")
    life.run()
    rollback(life.world(), DOMAIN, ANNA)
    before = index_points(life.world(), DOMAIN)
    list(purge(life.world(), keeper_of(life), request("a"), guard=Free()))
    left = {point_id for point_id, (payload, _, _) in before.items() if payload["key"] != "a"}
    assert set(index_points(life.world(), DOMAIN)) == left


def test_a_purge_takes_its_content_from_what_serves_whoever_had_it() -> None:
    life = Life()
    life.put(f="img:1", p="img:1")
    life.run()
    life.change_model("text", "2")
    life.run()
    rollback(life.world(), DOMAIN, ANNA)
    life.put(f="img:2")
    life.run()
    list(purge(life.world(), keeper_of(life), request("p"), guard=Free()))
    assert index_points(life.world(), DOMAIN) == {}


def test_a_split_does_not_let_serve_what_is_held_back() -> None:
    life = _two()
    rollback(life.world(), DOMAIN, ANNA)
    life.settings = life.settings.model_copy(update={"shards": {DOMAIN: 2}})
    with pytest.raises(SettingsError, match="MMRAG_SHARDS is changed once"):
        run_partition(life.world(), f"{DOMAIN}~0-2", Mode("split"))
    assert dict(life.state.vectors.aliases()) == {"mmrag__d": G1}
    assert set(life.state.vectors.layouts()) == {G1, G2}


@dataclass
class Interrupted:
    """A gate during whose judgement something happens."""

    act: Callable[[], object]
    passed: bool

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Let it happen, once."""
        act, self.act = self.act, lambda: None
        act()
        return GateVerdict(self.passed, "as it was told")


@pytest.mark.parametrize("passed", [True, False])
def test_a_person_who_decides_while_the_gate_judges_has_the_last_word(passed: bool) -> None:
    life = _two()
    life.gate = Interrupted(lambda: rollback(life.world(), DOMAIN, ANNA), passed)
    life.change_model("text", "3")
    life.run()
    assert serving(life.world(), DOMAIN) == standing(life.world(), DOMAIN) == (G3 if passed else G1)


def test_one_that_was_taken_out_while_it_was_judged_stays_out() -> None:
    def try_it() -> None:
        promote(life.world(), DOMAIN, ANNA, to=G3)
        rollback(life.world(), DOMAIN, ANNA, to=G2)

    life = _two()
    life.gate = Interrupted(try_it, passed=True)
    life.change_model("text", "3")
    life.run()
    assert serving(life.world(), DOMAIN) == G2


def test_a_judgement_that_failed_is_made_again() -> None:
    def fail() -> None:
        raise StateUnavailableError("the server is gone")

    life = _two()
    life.gate = SettledGate(passed=False)
    life.change_model("text", "3")
    life.run()
    life.put(d="txt:more words")
    life.gate = Interrupted(fail, passed=True)
    with pytest.raises(StateUnavailableError):
        life.run()
    life.run()
    assert serving(life.world(), DOMAIN) == G3


def test_what_serves_counts_when_what_was_chosen_is_gone() -> None:
    life = _two()
    life.change_model("text", "3")
    life.run()
    rollback(life.world(), DOMAIN, ANNA, to=G2)
    life.state.vectors.move_alias("mmrag__d", G2)
    life.state.vectors.drop(G2)
    assert standing(life.world(), DOMAIN) != G3
    assert history(life.world(), DOMAIN)["event"][-1] == "restored"
