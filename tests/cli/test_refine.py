"""`mmrag search --refine` and `mmrag evaluate --strategy A+B`."""

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import Bench
from tests.engines.small_models import save_cross_encoder


def test_exact_scores_of_a_small_index_are_what_they_were(indexed: Bench) -> None:
    plain = indexed.mmrag("search", "green tea KX-4711", "--json").json["hits"]
    exact = indexed.mmrag("search", "green tea KX-4711", "--refine", "exact", "--json").json["hits"]
    assert [hit["key"] for hit in exact] == [hit["key"] for hit in plain]
    for before, after in zip(plain, exact, strict=True):
        assert after["signals"].keys() == before["signals"].keys()
        for signal, share in before["signals"].items():
            assert after["signals"][signal]["score"] == pytest.approx(share["score"], abs=1e-5)


def test_every_refinement_can_be_had_by_settings(indexed: Bench, tmp_path: Path) -> None:
    settings = {
        "MMRAG_CROSS_ENCODER": str(save_cross_encoder(tmp_path / "pairs")),
        "MMRAG_RECENCY_HALF_LIFE_DAYS": "30",
        "MMRAG_REFINE": '["exact", "crop", "cross-encoder", "recency", "distinct", "mmr"]',
    }
    said = indexed.mmrag("search", "a red kettle", "--json", **settings)
    assert said.code == 0, said.err
    plain = indexed.mmrag("search", "a red kettle", "--json").json["hits"]
    hits = said.json["hits"]
    assert {hit["key"] for hit in hits} == {hit["key"] for hit in plain}
    told = {name for hit in hits for name in hit["refined"]}
    assert told >= {"crop", "cross-encoder", "recency", "mmr"}


def test_a_source_that_is_gone_leaves_the_hits_where_they_were(bench: Bench) -> None:
    plain = bench.mmrag("search", "a red kettle", "--json").json["hits"]
    shutil.rmtree(bench.source / "shop")
    said = bench.mmrag("search", "a red kettle", "--refine", "crop", "--json")
    assert (said.code, said.json["hits"]) == (0, plain)


def test_copies_are_named_in_words_and_in_json(bench: Bench) -> None:
    shutil.copy(bench.source / "notes" / "tea.txt", bench.source / "notes" / "same.txt")
    assert bench.mmrag("index", "--domain", "notes").code == 0
    said = bench.mmrag("search", "green tea", "--refine", "distinct", "--json")
    (hit,) = [hit for hit in said.json["hits"] if "copies" in hit]
    assert {hit["key"], *hit["copies"]} in (
        {"tea.txt", "notes/same.txt"},
        {"same.txt", "notes/tea.txt"},
    )
    assert "same as notes/" in " ".join(
        bench.mmrag("search", "green tea", "--refine", "distinct").out.split()
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mrr", "known: exact, crop, cross-encoder, recency, distinct, mmr"),
        ("cross-encoder", "MMRAG_CROSS_ENCODER"),
        ("recency", "MMRAG_RECENCY_HALF_LIFE_DAYS"),
    ],
)
def test_what_cannot_be_had_says_what_to_do(indexed: Bench, name: str, told: str) -> None:
    said = indexed.mmrag("search", "tea", "--refine", name)
    assert said.code != 0
    assert told in " ".join(said.err.split())


def test_a_refined_ranking_is_measured_beside_plain_ones(indexed: Bench, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "a", "query": "green tea", "relevant": ["tea.txt"]}\n')
    named = ("--strategy", "evidence+exact+mmr", "--ablate", "strategies")
    said = indexed.mmrag("evaluate", "--queries", str(queries), *named, "--json")
    assert said.code == 0, said.err
    rankings = said.json["rankings"]
    assert {"fused", "strategy evidence", "strategy rrf"} <= rankings.keys()
    assert rankings["fused"]["files"]["overall"]["success@10"]["value"] == 1.0


def test_hits_by_page_are_asked_for_by_name(indexed: Bench) -> None:
    by_file = indexed.mmrag("search", "green tea", "--json").json["hits"]
    by_page = indexed.mmrag("search", "green tea", "--group", "page", "--json").json["hits"]
    assert [(hit["key"], hit["page"]) for hit in by_page] == [
        (hit["key"], hit["page"]) for hit in by_file
    ]
    said = indexed.mmrag("search", "green tea", "--group", "chapter")
    assert said.code != 0
    assert "unknown --group 'chapter'; known: file, page" in " ".join(said.err.split())
