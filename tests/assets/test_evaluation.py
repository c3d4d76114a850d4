"""The assets of the evaluation, materialized in process over a fake world."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mmrag_pipeline.answer_records import GroundedAnswer, Usage
from mmrag_pipeline.errors import OvertakenError
from mmrag_pipeline.evaluation.evaluator import Evaluator
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.runs import EVERYTHING
from mmrag_pipeline.evaluation.variants import Ablations
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.retrieval.strategies import Tuning, tuned
from mmrag_pipeline.testing.evaluators import CARD, fake_evaluator, no_picture
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.spending import MemoryLedger
from mmrag_pipeline.testing.worlds import fake_settings, fake_world
from tests.assets.evaluating import instance, metadata_of, run_evaluation

__all__ = ["instance"]

WORDS = ("amber bolt", "cedar delta", "ember fjord", "grove harbor", "amber delta", "bolt fjord")
QUERIES = [LabelledQuery(w, w, None, (f"{n}.txt",), "words") for n, w in enumerate(WORDS)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an indexed world of six texts."""
    settings = fake_settings().model_copy(update={"home": tmp_path})
    source = FakeSource()
    for number, words in enumerate(WORDS):
        source.put("shop", f"{number}.txt", f"txt:{words}".encode())
    made = fake_world(source, settings=settings)
    run_partition(made, "shop", Mode("first"))
    return made


@pytest.fixture
def evaluator(world: World) -> Evaluator:
    """Return what asks the world for its texts."""
    return fake_evaluator(world, QUERIES)


def _run(
    evaluator: Evaluator, instance: dg.DagsterInstance, **config: object
) -> dg.ExecuteInProcessResult:
    return run_evaluation(evaluator, instance, config=config)


def _check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = result.get_asset_check_evaluations()
    return found


def _table(evaluator: Evaluator, name: str) -> pl.DataFrame:
    return rows_of(evaluator.tables, name, EVERYTHING)


def test_a_run_measures_every_ranking_and_passes(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    result = _run(evaluator, instance)
    assert result.success
    assert _check(result).passed
    assert "first evaluation" in (_check(result).description or "")
    assert metadata_of(result, "eval_scores")["fused/ndcg@10"].value == 1.0
    assert set(_table(evaluator, "eval_scores")["ranking"]) == {
        "fused",
        *("image", "text", "image_text", "bm25"),
    }


def test_the_numbers_of_the_catalog_are_floats_so_that_they_are_plotted(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    metadata = metadata_of(_run(evaluator, instance), "eval_scores")
    plotted = {name for name, v in metadata.items() if isinstance(v, dg.FloatMetadataValue)}
    assert {"fused/success@10", "fused/R@50", "bm25/ndcg@10", "p95_s", "searches_per_s"} <= plotted


def test_the_measures_are_a_table_to_read(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    measures = metadata_of(_run(evaluator, instance), "eval_scores")["measures"]
    assert isinstance(measures, dg.MarkdownMetadataValue)
    first, _, fused, *rest = (measures.md_str or "").splitlines()
    assert first.startswith("| ranking | of | queries | success@1 |")
    assert fused.startswith("| fused | files | 6 | 1.000 (1.000 to 1.000) |")
    assert any(line.startswith("| fused | files, domain `shop` | 6 |") for line in rest)


def test_an_ablation_costs_no_further_model_call(
    world: World, instance: dg.DagsterInstance
) -> None:
    evaluator = fake_evaluator(world, QUERIES)
    calls = []
    for config in ({}, {"ablations": ["strategies", "leave_one_out", "kinds", "ocr_confidence"]}):
        before = world.text.calls  # type: ignore[attr-defined]  # the stub counts
        _run(evaluator, instance, **config)
        calls.append(world.text.calls - before)  # type: ignore[attr-defined]  # as above
    assert calls == [len(QUERIES) + 1] * 2, "the first query is asked once more, unmeasured"
    names = set(_table(evaluator, "eval_scores")["ranking"])
    assert {"strategy evidence", "without bm25", "no captions", "ocr from 0.8"} <= names


def test_an_unknown_ablation_fails_the_run_and_is_not_tried_again(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    result = _run(evaluator, instance, ablations=["colours"])
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    data = failed.step_failure_data.user_failure_data
    assert data is not None
    assert "'colours'; known: strategies" in str(data.description)


def test_a_drop_fails_the_check_and_not_the_run(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    _run(evaluator, instance)
    worse = replace(evaluator, searcher=replace(evaluator.searcher, strategy=lambda _q, _a: []))
    result = _run(worse, instance)
    check = _check(result)
    assert (result.success, check.passed) == (True, False)
    assert "worse: fused 1.000 to 0.000" in (check.description or "")
    assert "MMRAG_EVAL_MAX_LOSS=0.02" in (check.description or "")
    changed = check.metadata["made_differently"].value
    assert isinstance(changed, dict)
    assert changed["strategy"]["before"] == "evidence"


def test_other_queries_are_not_compared(world: World, instance: dg.DagsterInstance) -> None:
    _run(fake_evaluator(world, QUERIES), instance)
    check = _check(_run(fake_evaluator(world, QUERIES[:5]), instance))
    assert "nothing to compare with" in (check.description or "")


def test_the_history_says_what_each_run_was_made_with_and_is_bounded(
    world: World, instance: dg.DagsterInstance
) -> None:
    settings = world.settings.model_copy(update={"eval_keep_runs": 2})
    evaluator = replace(fake_evaluator(world, QUERIES), settings=settings)
    ids = [_run(evaluator, instance).run_id for _ in range(3)]
    history = _table(evaluator, "eval_runs")
    assert history["run_id"].to_list() == ids[1:]
    made_with = json.loads(history["made_with"][-1])
    assert (made_with["strategy"], made_with["depth"]) == ("evidence", 150)
    assert made_with["cards"]["mmrag__shop__g1"]["text"] == world.text.card.fingerprint
    assert history["queries"].to_list() == [6, 6]


def test_the_history_says_how_a_ranking_was_tuned(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    tuning = Tuning(10.0, {"text": 0.5})
    named = {"rrf_k": tuning.rrf_k, "signal_weights": tuning.weights}
    settings = evaluator.settings.model_copy(update=named)
    searcher = replace(evaluator.searcher, strategy=tuned(tuning)["rrf"])
    other = replace(evaluator, settings=settings, searcher=searcher)
    _run(other, instance)
    made_with = json.loads(_table(other, "eval_runs")["made_with"][-1])
    assert made_with["strategy"] == "rrf"
    assert made_with["tuning"] == {"rrf_k": 10.0, "weights": {"text": 0.5}}


def test_a_run_without_queries_says_what_to_run(
    evaluator: Evaluator, instance: dg.DagsterInstance
) -> None:
    result = _run(replace(evaluator, read=lambda: []), instance)
    (failed, *_) = [event for event in result.all_events if event.is_step_failure]
    assert "eval_queries has no rows yet" in str(failed.step_failure_data.user_failure_data)


def test_questions_with_known_answers_are_answered_and_measured(
    world: World, instance: dg.DagsterInstance
) -> None:
    labelled = [
        replace(QUERIES[0], answers=("amber bolt",)),
        LabelledQuery("x", "what is not there?", None, (), "none"),
    ]
    found = metadata_of(_run(fake_evaluator(world, labelled), instance), "eval_answers")
    told = {
        name: found[name].value for name in ("answer/exact_match", "abstention/f1", "abstained")
    }
    assert told == {"answer/exact_match": 1.0, "abstention/f1": 1.0, "abstained": 1}


def test_the_tokens_of_answers_are_billed_but_those_of_the_cache(
    world: World, instance: dg.DagsterInstance
) -> None:
    labelled = [replace(one, answers=(one.text,)) for one in QUERIES[:2]]
    books = MemoryLedger()
    asked = fake_evaluator(world, labelled)

    def counted(query: Query) -> GroundedAnswer:
        usage, cached = Usage(1_000, 500), query.text == QUERIES[0].text
        return GroundedAnswer(query.text, (), (), CARD, usage=usage, cached=cached)

    meter = Meter(books, rates={"prompt_mtokens": 2_000.0})
    answering = replace(asked, answering=lambda: nullcontext(counted), meter=meter)
    assert _run(answering, instance).success
    (row,) = books.rows.values()
    assert (row.station, row.prompt_tokens, row.completion_tokens) == ("eval_answers", 1_000, 500)
    assert (row.partition, row.money) == ("", 2.0)


def test_a_question_that_no_file_answers_is_measured_by_no_ranking(
    world: World, instance: dg.DagsterInstance
) -> None:
    none = LabelledQuery("x", "what is not there?", None, (), "none")
    evaluator = fake_evaluator(world, [*QUERIES, none])
    _run(evaluator, instance)
    assert _table(evaluator, "eval_queries").height == len(QUERIES) + 1
    assert set(_table(evaluator, "eval_scores")["queries"]) <= {1, len(QUERIES)}
    assert "none" not in set(_table(evaluator, "eval_scores")["name"])


def test_queries_that_another_run_replaced_while_they_were_asked_are_not_scored(
    world: World, evaluator: Evaluator
) -> None:
    evaluator.write_queries("first")
    other = fake_evaluator(world, QUERIES[:1])

    def load(path: Path) -> Pixels:
        other.write_queries("second")
        return no_picture(path)

    pictured = replace(QUERIES[0], query_id="p", text="", image=Path(__file__))
    slow = replace(fake_evaluator(world, [pictured, *QUERIES]), load_image=load)
    slow.write_queries("first")
    slow.write_hits("first", slow.trial(Ablations()))
    with pytest.raises(OvertakenError, match="another run replaced one of them"):
        slow.write_scores("first")
