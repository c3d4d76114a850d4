"""The demo's questions with an exact value, answered by quoting."""

import json
from pathlib import Path

import pytest

from benchmarks.answers import Found, measure
from mmrag_pipeline.answering import open_asking
from mmrag_pipeline.engines.extractive import THRESHOLD
from mmrag_pipeline.evaluation.qrels import read_queries
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench

DEMO = Path(__file__).parents[2] / "demo"


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
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    bench = Bench(tmp_path_factory.mktemp("demo") / "home", DEMO / "corpus")
    said = bench.mmrag_alone("index", "--source", str(bench.source), "--json")
    assert said.code == 0, said.err
    with open_asking(Settings.model_validate({"home": bench.home}), cached=False) as asking:
        return measure(asking, read_queries(DEMO / "questions.jsonl"))


@pytest.mark.slow
def test_four_of_five_questions_are_answered_right_and_none_wrong(found: list[Found]) -> None:
    asked = [one for one in found if one.question.answers]
    told = [one for one in asked if one.confidence >= THRESHOLD]
    assert sum(one.right for one in told) >= 0.8 * len(asked)
    assert [one.quoted for one in told if not one.right] == []


@pytest.mark.slow
def test_what_no_file_answers_is_not_answered(found: list[Found]) -> None:
    empty = [one for one in found if not one.question.answers]
    assert [one.question.text for one in empty if one.confidence >= THRESHOLD] == []


@pytest.mark.slow
def test_no_value_is_invented(found: list[Found]) -> None:
    assert [one.told for one in found if one.told] == []
