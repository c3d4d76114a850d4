"""`mmrag evaluate`: measures per kind and signal, and queries that cannot be read."""

import json
import os
from pathlib import Path

import pytest

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
