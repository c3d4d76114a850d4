"""A plan tells what other rules of redaction cost, by the words that tables hold."""

import pytest

from tests.indexing.foretold import calls, made, planned_for, told, truth_of
from tests.indexing.life import Life

MAIL, CARD = "ann@example.com", "4111 1111 1111 1111"


def _life() -> Life:
    """Return a life that has run; two of its texts hold a value."""
    life = Life()
    life.put(a=f"txt:write to {MAIL}", b=f"txt:pay with {CARD}", c="txt:a plain note", d="img:1")
    life.run()
    return life


def test_texts_with_a_value_are_planned_as_texts_to_embed() -> None:
    life = _life()
    life.redact("email", "card")
    planned, done = planned_for(life), truth_of(life)
    assert planned["chunks"].redacted == 2
    assert calls(planned) == {"text_vectors": 2}
    assert made(planned, "chunks", "text_vectors") == done.computed("chunks", "text_vectors")
    assert told(planned["points"]) == done.rows["points"]


def test_how_redacted_texts_are_cut_is_an_estimate() -> None:
    life = _life()
    life.redact("card")
    planned = planned_for(life)
    assert planned["chunks"].exact
    assert not planned["text_vectors"].exact
    assert not planned["points"].exact


def test_rules_that_change_no_text_are_planned_exactly() -> None:
    life = _life()
    life.redact("iban")
    planned, done = planned_for(life), truth_of(life)
    assert (planned["chunks"].redacted, calls(planned)) == (0, {})
    assert all(p.exact for p in planned.values())
    assert told(planned["points"]) == done.rows["points"]


def test_other_rules_change_texts_with_a_mark_of_those_before() -> None:
    life = _life()
    life.redact("email")
    life.run()
    life.redact("card")
    planned, done = planned_for(life), truth_of(life)
    assert planned["chunks"].redacted == 2
    assert told(planned["points"]) == done.rows["points"]


@pytest.mark.parametrize("event", ["nothing", "text", "file"])
def test_without_other_rules_a_plan_tells_nothing_of_redaction(event: str) -> None:
    life = _life()
    life.redact("email")
    life.run()
    if event == "text":
        life.change_model("text", "2")
    if event == "file":
        life.put(c=f"txt:also {MAIL}")
    assert all(p.redacted is None for p in planned_for(life).values())


def test_another_text_model_and_other_rules_are_planned_together() -> None:
    life = _life()
    life.redact("email", "card")
    life.change_model("text", "2")
    planned, done = planned_for(life), truth_of(life)
    assert planned["chunks"].redacted == 2
    assert made(planned, "text_vectors") == done.computed("text_vectors")
