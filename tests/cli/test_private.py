"""A private domain is searched where a group is named."""

import json
from pathlib import Path

from tests.cli.commands import Bench


def _domains(bench: Bench, *options: str) -> set[str]:
    hits = bench.mmrag("search", "tea", "--json", *options).json["hits"]
    return {hit["domain"] for hit in hits}


def test_a_search_that_names_nothing_leaves_a_private_domain_out(bench: Bench) -> None:
    bench.mmrag("index", MMRAG_PRIVATE_DOMAINS='["notes"]')
    assert _domains(bench) == {"shop"}
    assert _domains(bench, "--visibility", "notes") == {"notes"}


def test_labels_of_a_private_domain_are_told_where_it_is_not_asked(
    bench: Bench, tmp_path: Path
) -> None:
    bench.mmrag("index", MMRAG_PRIVATE_DOMAINS='["notes"]')
    path, page = tmp_path / "queries.jsonl", tmp_path / "page.html"
    path.write_text(json.dumps({"id": "a", "query": "green tea", "relevant": ["tea.txt"]}))
    asked = ("evaluate", "--queries", str(path), "--json")
    said = bench.mmrag(*asked, "--report", str(page))
    told = "1 relevant key only in domains that were not asked (notes), counted as not found"
    assert told in said.err.replace("\n", " ")
    assert said.json["unmet"]["not_asked"] == ["tea.txt"]
    assert told in page.read_text(encoding="utf-8")
    named = bench.mmrag(*asked, "--domain", "notes")
    assert (named.json["unmet"]["not_asked"], "not asked" in named.err) == ([], False)
