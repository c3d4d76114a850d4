"""`mmrag evaluate`: measures per kind and signal, and queries that cannot be read."""

import json
import os
from pathlib import Path

import pytest

from mmrag_pipeline.evaluation.variants import Ablations
from mmrag_pipeline.evaluation_world import open_evaluator
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench

MEASURES = {"queries", "recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"}
QUERIES = [
    {"id": "a", "query": "green tea", "relevant": ["tea.txt"], "kind": "meaning"},
    {"id": "b", "query": "KX-4711", "relevant": ["shop/kettle.png"], "kind": "code"},
    {"id": "c", "query": "LM-8832", "relevant": ["no-such-file"], "kind": "code"},
]


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """Return a file of three queries, one of which nothing answers."""
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(map(json.dumps, QUERIES)))
    return path


def test_the_json_object_has_measures_by_signal_and_kind(indexed: Bench, queries: Path) -> None:
    found = indexed.mmrag("evaluate", "--queries", str(queries), "--json").json
    assert found["queries"] == len(QUERIES)
    assert found["fused"]["kinds"].keys() == {"meaning", "code"}
    assert {"text", "bm25"} <= found["signals"].keys()
    for scores in (found["fused"], *found["signals"].values()):
        assert scores["overall"].keys() == MEASURES
        assert scores["kinds"]["code"].keys() == MEASURES


def test_a_query_without_an_answer_counts_as_zero(indexed: Bench, queries: Path) -> None:
    fused = indexed.mmrag("evaluate", "--queries", str(queries), "--json").json["fused"]
    assert fused["kinds"]["meaning"]["recall@1"] == 1.0
    assert fused["kinds"]["code"]["recall@10"] == 0.5


def test_a_person_sees_the_fused_ranking_beside_each_signal(indexed: Bench, queries: Path) -> None:
    said = indexed.mmrag("evaluate", "--queries", str(queries))
    assert said.out.startswith("3 queries")
    assert "overall" in said.out
    assert "fused" in said.out


def test_a_line_that_is_no_query_is_named(indexed: Bench, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"id": "a", "relevant": ["x"]}\n')
    said = indexed.mmrag("evaluate", "--queries", str(path))
    assert said.code == 1
    assert "line 1: has neither a query nor an image" in said.err


def test_a_relevant_file_that_is_not_indexed_is_told(indexed: Bench, queries: Path) -> None:
    said = indexed.mmrag("evaluate", "--queries", str(queries), "--json")
    assert "1 relevant key not in the index, counted as not found: no-such-file" in said.err


def test_a_misspelt_field_is_told(indexed: Bench, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"id": "a", "query": "tea", "relevant": ["tea.txt"], "kin": "x"}')
    said = indexed.mmrag("evaluate", "--queries", str(path), "--json")
    assert "fields that are ignored: kin; known: id" in said.err


def test_a_relevant_file_that_is_out_of_time_is_told_as_absent(bench: Bench, queries: Path) -> None:
    os.utime(bench.source / "notes" / "tea.txt", (0, 0))
    bench.mmrag("index", MMRAG_TTL_DAYS='{"notes": 1}')
    said = bench.mmrag("evaluate", "--queries", str(queries), "--json")
    assert "2 relevant keys not in the index" in said.err
    assert "tea.txt" in said.err


def test_intervals_stand_beside_the_measures(indexed: Bench, queries: Path) -> None:
    said = indexed.mmrag("evaluate", "--queries", str(queries))
    assert "interval" in said.out
    assert "A search took" in said.out
    found = indexed.mmrag("evaluate", "--queries", str(queries), "--json").json
    fused = found["rankings"]["fused"]["files"]
    assert fused["overall"]["success@10"]["value"] == pytest.approx(2 / 3)
    assert fused["overall"]["success@10"]["low"] <= 2 / 3 <= fused["overall"]["success@10"]["high"]
    assert fused["domains"]["notes"]["queries"] == 1
    assert found["latency"]["p50_s"] > 0.0


def test_ablations_are_asked_for_by_name_or_all(indexed: Bench, queries: Path) -> None:
    said = indexed.mmrag("evaluate", "--queries", str(queries), "--ablate", "all")
    assert "Ablations, all queries" in said.out
    assert "without bm25" in said.out
    assert "no captions" in said.out
    wrong = indexed.mmrag("evaluate", "--queries", str(queries), "--ablate", "colours")
    assert (wrong.code, "known: strategies, leave_one_out" in wrong.err) == (1, True)


def test_pages_are_measured_where_labels_name_them(indexed: Bench, tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    line = {"id": "a", "query": "fill the tank", "relevant": ["guide.pdf"]}
    pages = [{"file": "guide.pdf", "page_zero_indexed": 0}]
    path.write_text(json.dumps({**line, "relevant_pages": pages}))
    found = indexed.mmrag("evaluate", "--queries", str(path), "--json").json
    assert found["rankings"]["fused"]["pages"]["overall"]["success@10"]["value"] == 1.0
    assert "Pages, queries" in indexed.mmrag("evaluate", "--queries", str(path)).out


def test_a_page_that_its_file_lacks_is_told(indexed: Bench, tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    line = {"id": "a", "query": "fill the tank", "relevant": ["guide.pdf"]}
    path.write_text(json.dumps({**line, "relevant_pages": [{"file": "guide.pdf", "page": 7}]}))
    said = indexed.mmrag("evaluate", "--queries", str(path), "--json")
    assert "guide.pdf page 7 (the last one read is 1)" in said.err.replace("\n", " ")
    assert said.json["unmet"]["pages"] == ["guide.pdf page 7 (the last one read is 1)"]


def test_queries_come_from_the_settings_when_none_are_named(indexed: Bench, queries: Path) -> None:
    for variable in ("MMRAG_EVAL_QUERIES", "MMRAG_GATE_QUERIES"):
        found = indexed.mmrag("evaluate", "--json", **{variable: str(queries)})
        assert found.json["queries"] == len(QUERIES)
    said = indexed.mmrag("evaluate")
    assert (said.code, "set MMRAG_EVAL_QUERIES" in said.err) == (1, True)


def test_the_history_is_compared_with_when_it_has_these_queries(
    bench: Bench, queries: Path
) -> None:
    asked = ("evaluate", "--queries", str(queries), "--compare")
    assert "The history has no evaluation of these queries" in bench.mmrag(*asked).out
    settings = Settings(home=bench.home, eval_queries=(queries,))
    with open_evaluator(settings) as evaluator:
        evaluator.write_queries("kept")
        evaluator.write_hits("kept", evaluator.trial(Ablations()))
        evaluator.write_scores("kept")
    assert "3 queries, nDCG@10" in bench.mmrag(*asked).out
    compared = bench.mmrag(*asked, "--json").json["compared"]
    assert (compared["run_id"], compared["worse"]) == ("kept", False)
    with open_evaluator(settings) as evaluator:
        assert evaluator.write_scores("kept").before is None, "a step again is no run before"


def test_a_report_is_written_where_it_is_asked_for(
    indexed: Bench, queries: Path, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "page.html"
    said = indexed.mmrag("evaluate", "--queries", str(queries), "--report", str(path), "--json")
    assert (said.code, said.json["queries"]) == (0, len(QUERIES))
    assert f"report: {path}" in said.err.replace("\n", "")
    html = path.read_text(encoding="utf-8")
    assert "KX-4711" in html
    assert "data:image/jpeg;base64,/9j/" in html
    assert "not in the index" in html
    assert not (indexed.home / "reports").exists(), "those are kept of runs of the job"


def test_a_report_that_cannot_be_written_says_where(
    indexed: Bench, queries: Path, tmp_path: Path
) -> None:
    asked = ("evaluate", "--queries", str(queries), "--report", str(tmp_path))
    said = indexed.mmrag(*asked)
    assert said.code == 1
    assert f"the report cannot be written to '{tmp_path}'" in said.err.replace("\n", " ")
