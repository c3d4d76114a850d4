"""The demo's questions with an exact value, answered by quoting."""

import json
from pathlib import Path

import pytest

from benchmarks.answers import invented, is_right
from mmrag_pipeline.answer_records import GroundedAnswer
from mmrag_pipeline.answering import open_asking
from mmrag_pipeline.evaluation.qrels import LabelledQuery, read_queries
from mmrag_pipeline.retrieval.answers import FILES
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench

DEMO = Path(__file__).parents[2] / "demo"
Answered = tuple[LabelledQuery, GroundedAnswer]
"""A question and the whole answer to it."""


def test_half_of_the_questions_are_answered_by_no_file() -> None:
    asked = read_queries(DEMO / "questions.jsonl")
    assert [len(asked), sum(not one.answers for one in asked)] == [88, 44]
    assert all(bool(one.relevant) == bool(one.answers) for one in asked)


def test_queries_for_an_exact_value_are_labelled_with_it() -> None:
    lines = (DEMO / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    exact = [one for one in map(json.loads, lines) if one["kind"] == "exact_number"]
    assert len(exact) == 12
    assert all(one["answer"] for one in exact)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> list[Answered]:
    bench = Bench(tmp_path_factory.mktemp("demo") / "home", DEMO / "corpus")
    said = bench.mmrag_alone("index", "--source", str(bench.source), "--json")
    assert said.code == 0, said.err
    return ask_all(bench.home)


def ask_all(home: Path) -> list[Answered]:
    """Return the demo's questions with the answers that an index of the demo gives."""
    questions = read_queries(DEMO / "questions.jsonl")
    with open_asking(Settings.model_validate({"home": home}), cached=False) as asking:
        return [(one, asking.ask(Query(text=one.text, limit=FILES))) for one in questions]


@pytest.mark.slow
def test_four_of_five_questions_are_answered_right_and_none_wrong(answered: list[Answered]) -> None:
    asked = [(one, answer) for one, answer in answered if one.answers]
    told = [(one, answer) for one, answer in asked if not answer.abstained]
    assert sum(is_right(answer, one) for one, answer in told) >= 0.8 * len(asked)
    assert [answer.text for one, answer in told if not is_right(answer, one)] == []


@pytest.mark.slow
def test_what_no_file_answers_is_not_answered(answered: list[Answered]) -> None:
    empty = [(one, answer) for one, answer in answered if not one.answers]
    assert [one.text for one, answer in empty if not answer.abstained] == []


@pytest.mark.slow
def test_no_answer_says_or_cites_what_its_evidence_does_not_have(answered: list[Answered]) -> None:
    assert [answer.text for _, answer in answered if invented(answer)] == []
