"""A private domain is searched where a group is named."""

from tests.cli.commands import Bench


def _domains(bench: Bench, *options: str) -> set[str]:
    hits = bench.mmrag("search", "tea", "--json", *options).json["hits"]
    return {hit["domain"] for hit in hits}


def test_a_search_that_names_nothing_leaves_a_private_domain_out(bench: Bench) -> None:
    bench.mmrag("index", MMRAG_PRIVATE_DOMAINS='["notes"]')
    assert _domains(bench) == {"shop"}
    assert _domains(bench, "--visibility", "notes") == {"notes"}
