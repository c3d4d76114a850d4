"""`mmrag fusion-train`, and searches by what it writes."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Bench

WORDS = ("green", "tea", "water", "hot", "leaves", "cup", "steep", "minutes", "how", "brew")


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """Return a file of as many labelled queries as training needs."""
    path = tmp_path / "queries.jsonl"
    rows = [{"id": w, "query": f"tea {w}", "relevant": ["tea.txt"], "kind": "k"} for w in WORDS]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_trained_fusion_ranks_searches_and_evaluations(
    indexed: Bench, queries: Path, tmp_path: Path
) -> None:
    model = str(tmp_path / "fusion.json")
    given = ("--queries", str(queries), "--domain", "notes")
    said = indexed.mmrag("fusion-train", *given, "--out", model, "--json").json
    assert (said["queries"], said["model"]) == (10, model)
    assert {"learned", "evidence", "bm25"} <= said["held_out"].keys()
    named = ("--strategy", "learned", "--json")
    notes = ("green tea", "--domain", "notes")
    found = indexed.mmrag("search", *notes, *named, MMRAG_FUSION_MODEL=model)
    assert found.json["hits"][0]["key"] == "tea.txt"
    measured = indexed.mmrag("evaluate", *given, *named, MMRAG_FUSION_MODEL=model)
    assert measured.json["fused"]["overall"]["recall@1"] == 1.0
    assert measured.json["seen_in_training"] is True
    assert "learned` was trained on these very queries" in measured.err.replace("\n", " ")


def test_a_person_sees_measures_of_unseen_queries_and_where_it_lies(
    indexed: Bench, queries: Path, tmp_path: Path
) -> None:
    model = tmp_path / "named.json"
    said = indexed.mmrag("fusion-train", "--queries", str(queries), MMRAG_FUSION_MODEL=str(model))
    assert said.out.startswith("10 queries, each ranked by a fusion that has not seen it")
    assert "queries of form words are ranked by" in said.out
    assert f"MMRAG_FUSION_MODEL={model}" in said.err
    assert model.is_file()


def test_too_few_queries_write_nothing(indexed: Bench, tmp_path: Path) -> None:
    path, model = tmp_path / "queries.jsonl", tmp_path / "fusion.json"
    path.write_text('{"id": "a", "query": "tea", "relevant": ["tea.txt"]}')
    said = indexed.mmrag("fusion-train", "--queries", str(path), "--out", str(model))
    assert (said.code, model.exists()) == (1, False)
    assert "at least 10" in said.err


def test_the_learned_strategy_without_a_fusion_says_how_to_get_one(indexed: Bench) -> None:
    said = indexed.mmrag("search", "tea", "--strategy", "learned")
    assert said.code == 1
    assert "run `mmrag fusion-train --queries FILE`" in said.err


@pytest.mark.parametrize("content", [None, "{}", "\x00"])
def test_a_fusion_that_cannot_be_read_is_refused(
    indexed: Bench, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "fusion.json"
    if content is not None:
        path.write_text(content)
    said = indexed.mmrag("search", "tea", MMRAG_STRATEGY="learned", MMRAG_FUSION_MODEL=str(path))
    assert (said.code, said.out) == (1, "")
    assert f"MMRAG_FUSION_MODEL={path}" in said.err


def test_a_named_strategy_ranks_what_is_fused(indexed: Bench, queries: Path) -> None:
    named = ("--strategy", "early", "--ablate", "strategies", "--json")
    said = indexed.mmrag("evaluate", "--queries", str(queries), *named).json
    early, fused = said["rankings"]["strategy early"], said["rankings"]["fused"]
    assert fused == early
    assert fused != said["rankings"]["strategy evidence"]


@pytest.mark.parametrize("command", [("search", "tea"), ("evaluate", "--queries", "QUERIES")])
def test_an_unknown_strategy_lists_the_known_ones(
    indexed: Bench, queries: Path, command: tuple[str, ...]
) -> None:
    words = [str(queries) if word == "QUERIES" else word for word in command]
    said = indexed.mmrag(*words, "--strategy", "rff")
    assert said.code == 1
    assert "unknown strategy 'rff'; known: evidence, rrf, zscore, minmax, dbsf" in said.err


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("MMRAG_STRATEGY", "rff", "'evidence', 'rrf'"),
        ("MMRAG_RRF_K", "-1", "greater than or equal to 0"),
        ("MMRAG_SIGNAL_WEIGHTS", '{"colour": 1}', "'image', 'text', 'image_text' or 'bm25'"),
        ("MMRAG_SIGNAL_WEIGHTS", '{"text": -1}', "greater than or equal to 0"),
        (
            "MMRAG_SIGNAL_WEIGHTS",
            '{"image": 0, "text": 0, "image_text": 0, "bm25": 0}',
            "no signal is left",
        ),
    ],
)
def test_a_wrong_setting_is_told(indexed: Bench, variable: str, value: str, told: str) -> None:
    said = indexed.mmrag("search", "tea", **{variable: value})
    assert said.code == 1
    assert variable in said.err
    assert told in said.err


def test_weights_and_k_of_the_settings_are_used(indexed: Bench) -> None:
    variables = {"MMRAG_RRF_K": "1", "MMRAG_SIGNAL_WEIGHTS": '{"bm25": 3}'}
    said = indexed.mmrag("search", "KX-4711", "--strategy", "rrf", "--json", **variables)
    assert said.json["hits"][0]["signals"]["bm25"]["contribution"] == 1.5
