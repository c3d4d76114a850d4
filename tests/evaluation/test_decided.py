"""What a run decided on generations is told from the history: what serves, why, what went."""

from dataclasses import asdict, dataclass

import pytest

from mmrag_pipeline.evaluation.decided import Decided, decided
from mmrag_pipeline.evaluation.paired import Comparison
from mmrag_pipeline.evaluation.scores import Score
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.indexing.history import Said, note
from mmrag_pipeline.ports import Progress
from tests.indexing.life import DOMAIN, Life

G1, G2, G3 = (f"mmrag__d__g{number}" for number in (1, 2, 3))
MOVED = f"another generation serves: {G1} -> {G2}"


@dataclass
class _Gate:
    """A gate that measured something."""

    passed: bool = True
    decides: bool = True

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Return what was measured."""
        found = Comparison(6, 1.0, 1.0, 0.0, 0.0, not self.passed, self.decides)
        scores = [asdict(Score("fused", "overall", found))]
        return GateVerdict(self.passed, "6 queries", {"scores": scores})


@pytest.fixture
def life() -> Life:
    """Give a domain with one generation."""
    made = Life(gate=_Gate())
    made.put(a="txt:some words")
    made.run()
    return made


def _next(life: Life, revision: str) -> Decided | None:
    life.change_model("text", revision)
    life.run()
    return decided(life.state.tables, DOMAIN, f"run-{life.runs}")


def test_a_first_generation_takes_nobodys_place(life: Life) -> None:
    assert decided(life.state.tables, DOMAIN, "run-1") is None


def test_a_run_that_decides_nothing_tells_nothing(life: Life) -> None:
    _next(life, "2")
    life.run()
    assert decided(life.state.tables, DOMAIN, "run-3") is None


@pytest.mark.parametrize(
    ("decides", "word", "said"),
    [
        (True, "passed", "the gate let it pass"),
        (False, "undecided", "the gate could not decide, and so let it pass"),
    ],
)
def test_what_serves_now_is_told_with_what_the_gate_said(
    life: Life, decides: bool, word: str, said: str
) -> None:
    life.gate = _Gate(decides=decides)
    found = _next(life, "2")
    assert found is not None
    assert (found.gate, found.lines()) == (word, [f"{MOVED}; {said}: 6 queries"])


def test_a_gate_without_labels_could_not_decide(life: Life) -> None:
    made = Life(source=life.source, state=life.state, runs=life.runs)
    found = _next(made, "2")
    assert found is not None
    assert found.gate == "undecided"
    assert found.lines()[0].endswith("no labelled queries are named (MMRAG_GATE_QUERIES)")


def test_one_that_was_refused_is_no_change_of_what_serves(life: Life) -> None:
    life.gate = _Gate(passed=False)
    found = _next(life, "2")
    assert found is not None
    assert (found.gate, found.before, found.candidate) == ("refused", G1, G2)
    assert (found.serves, found.lines()) == (False, [])


def test_what_a_run_dropped_is_told(life: Life) -> None:
    _next(life, "2")
    found = _next(life, "3")
    assert found is not None
    assert found.dropped == (G1,)
    assert found.lines()[1].startswith(f"dropped {G1} (MMRAG_KEEP_GENERATIONS and")


def test_a_run_that_only_drops_tells_that_alone(life: Life) -> None:
    _next(life, "2")
    life.settings = life.settings.model_copy(update={"keep_generations": 0})
    life.run()
    assert decided(life.state.tables, DOMAIN, "run-3") == Decided(dropped=(G1,))


def test_a_decision_that_one_run_notes_twice_is_told_with_its_numbers(life: Life) -> None:
    _next(life, "2")
    note(life.world(), DOMAIN, {G2: "served"}, Said("run", run_id="run-2"))
    found = decided(life.state.tables, DOMAIN, "run-2")
    assert found is not None
    assert found.lines() == [f"{MOVED}; the gate let it pass: 6 queries"]


def test_a_run_that_completes_what_another_decided_tells_what_serves(life: Life) -> None:
    _next(life, "2")
    note(life.world(), DOMAIN, {G2: "served"}, Said("run", run_id="run-3"))
    found = decided(life.state.tables, DOMAIN, "run-3")
    assert found is not None
    assert (found.gate, found.lines()) == ("", [MOVED])
