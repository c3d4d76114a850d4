"""What answers to questions with known answers are worth, by numbers worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mmrag_pipeline.answer_records import Checked, GroundedAnswer
from mmrag_pipeline.evaluation.answered import Replied, Worth, replies, valued
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.testing.evaluators import CARD, no_picture

SURE = 0.95


def _asked(text: str, answers: Sequence[str], relevant: Sequence[str] = ("a",)) -> LabelledQuery:
    return LabelledQuery(text, text, None, tuple(relevant), "any", answers=tuple(answers))


def _said(
    text: str, *, borne_out: Sequence[bool] = (True,), silent: bool = False
) -> GroundedAnswer:
    told = tuple(Checked(text, problem="" if right else "not there") for right in borne_out)
    return GroundedAnswer("?", told, (), CARD, abstained=silent)


def _worth(*pairs: tuple[LabelledQuery, GroundedAnswer]) -> Worth:
    return valued([Replied(query, answer, 0.5) for query, answer in pairs], SURE).worth


def test_only_questions_whose_answers_are_known_are_asked() -> None:
    asked = list[str]()

    def answering(query: Query) -> GroundedAnswer:
        asked.append(query.text)
        return _said("x")

    queries = [_asked("known", ["x"]), _asked("unlabelled", []), _asked("nothing", [], [])]
    list(replies(answering, queries, load_image=no_picture, domains=None))
    assert asked == ["known", "nothing"]


def test_an_answer_is_measured_against_its_references() -> None:
    found = _worth((_asked("q", ["EUR 1,299.00"]), _said("It is EUR 1299")))
    assert found.means["numeric_match"].value == 1.0
    assert found.means["exact_match"].value == 0.0
    assert found.means["token_f1"].value == pytest.approx(2 * 1 / (4 + 2))


@pytest.mark.parametrize(
    ("question", "said", "reference", "same"),
    [
        ("What was the total at Pinewater?", "TOTAL EUR 62.50\nPINEWATER", "62.50", 1.0),
        ("What was the total at Pinewater?", "TOTAL EUR 62.50\nPINEWATER", "EUR 62.50", 1.0),
        ("How much was the pitch fee?", "Pitch fee 2 nights 46.00", "46.00", 1.0),
        ("How much was the pitch fee?", "Pitch fee 2 nights 46.00", "2", 0.0),
        ("How long is it valid?", "It is valid for 8 hours.", "8 hours", 1.0),
        ("When is it after 2024-07-18?", "Between 2024-07-18 and 2024-07-19", "2024-07-19", 1.0),
        ("Who wrote it?", "Ann Miller\nThe report", "Ann Miller", 1.0),
        ("Who wrote it?", "Ann Miller\nThe report", "Ann", 0.0),
    ],
)
def test_an_exact_match_is_the_answer_one_of_its_sentences_or_its_value(
    question: str, said: str, reference: str, same: float
) -> None:
    quoted = replace(_said(""), sentences=tuple(map(Checked, said.split("\n"))))
    found = _worth((replace(_asked("q", [reference]), text=question), quoted)).means
    assert (found["exact_match"].value, found["vqa_accuracy"].value) == (same, same)


def test_an_abstention_where_there_is_an_answer_scores_nothing_and_is_not_grounded() -> None:
    found = _worth((_asked("q", ["12"]), _said("I do not know", silent=True)))
    assert (found.means["numeric_match"].value, "groundedness" in found.means) == (0.0, False)


def test_groundedness_is_the_share_of_sentences_borne_out() -> None:
    right = _asked("q", ["x"]), _said("x", borne_out=(True, True))
    half = _asked("r", ["x"]), _said("x", borne_out=(True, False))
    assert _worth(right, half).means["groundedness"].value == pytest.approx(0.75)


def test_abstentions_are_right_where_nothing_answers() -> None:
    silent = _said("I do not know", silent=True)
    found = _worth(
        (_asked("a", [], []), silent),
        (_asked("b", [], []), _said("x")),
        (_asked("c", ["x"]), silent),
        (_asked("d", ["x"]), _said("x")),
    ).abstention
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)


def test_measures_without_a_number_to_compare_are_over_the_other_questions() -> None:
    found = _worth((_asked("a", ["red"]), _said("red")), (_asked("b", ["7"]), _said("8")))
    assert [found.means[n].questions for n in ("exact_match", "numeric_match")] == [2, 1]
    assert [found.means[n].value for n in ("exact_match", "numeric_match")] == [0.5, 0.0]


def test_what_was_said_is_not_kept() -> None:
    table = valued([Replied(_asked("q", ["secret"]), _said("a secret"), 0.5)], SURE).table
    assert "secret" not in str(table.to_dicts())
    assert table["measures"].list.len().item() > 5


def test_each_answer_is_measured_once() -> None:
    measured = list[str]()

    class Noted(Replied):
        def values(self) -> dict[str, float]:
            measured.append(self.query.query_id)
            return Replied.values(self)

    made = valued([Noted(_asked(name, ["x"]), _said("x"), 0.5) for name in "ab"], SURE)
    assert (measured, made.table.height, made.worth.means["exact_match"].value) == (
        ["a", "b"],
        2,
        1,
    )
