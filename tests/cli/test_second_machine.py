"""Another machine on the same tables: it says that it has no index yet, and how to get one."""

import pytest

from tests.cli.commands import Bench, Said

_ABSENT = "the tables are there, but there is no index on this machine yet"


def _elsewhere(bench: Bench, *arguments: str) -> Said:
    """Run a command on a machine that shares tables and memo with a bench, and no more."""
    other = Bench(bench.home.with_name("elsewhere"), bench.source)
    return other.mmrag(*arguments, MMRAG_STATE_ROOT=str(bench.home))


@pytest.mark.parametrize("asked", [(), ("--domain", "notes")])
def test_a_search_says_that_this_machine_has_no_index(
    indexed: Bench, asked: tuple[str, ...]
) -> None:
    said = _elsewhere(indexed, "search", "tea", *asked)
    assert (said.code, said.out) == (1, "")
    assert _ABSENT in said.err
    assert "`mmrag verify --repair` where the sources are not known" in said.err


def test_a_domain_without_tables_is_still_unknown(indexed: Bench) -> None:
    said = _elsewhere(indexed, "search", "tea", "--domain", "garden")
    assert "no indexed domain 'garden'; indexed: notes, shop" in said.err


def test_an_evaluation_says_so_too(indexed: Bench) -> None:
    queries = indexed.home.with_name("labelled.jsonl")
    queries.write_text('{"id": "a", "query": "tea", "relevant": ["tea.txt"]}')
    assert _ABSENT in _elsewhere(indexed, "evaluate", "--queries", str(queries)).err


def test_verify_says_why_all_points_are_missing(indexed: Bench) -> None:
    said = _elsewhere(indexed, "verify")
    assert said.code == 1
    assert f"notes, shop: {_ABSENT}" in said.err


def test_a_point_is_explained_although_nothing_serves_it_here(indexed: Bench) -> None:
    hits = indexed.mmrag("search", "green tea", "--json").json["hits"]
    said = _elsewhere(indexed, "explain", hits[0]["point_id"], "--json")
    assert said.json["file"]["key"] == "tea.txt"
    assert said.json["served_by"] is None
    assert f"notes: {_ABSENT}" in said.err


def test_status_says_which_domains_this_machine_serves(indexed: Bench) -> None:
    assert _elsewhere(indexed, "status").out.count("not on this machine") == 2
    rows = _elsewhere(indexed, "status", "--json").json["domains"]
    assert [(row["serving"], row["served_here"]) for row in rows.values()] == [(None, False)] * 2


def test_a_repair_builds_it_and_a_search_tells_what_it_left_out(bench: Bench) -> None:
    assert _elsewhere(bench, "verify", "--repair", "--domain", "notes").code == 0
    said = _elsewhere(bench, "search", "green tea", "--json")
    assert {hit["domain"] for hit in said.json["hits"]} == {"notes"}
    assert f"warning: shop: {_ABSENT}" in said.err
    assert _ABSENT not in _elsewhere(bench, "search", "tea", "--domain", "notes").err


def test_a_run_builds_it_without_a_model_call(bench: Bench) -> None:
    made = _elsewhere(bench, "index", "--source", str(bench.source), "--json")
    assert set(made.json["model_calls"].values()) == {0}
    assert _elsewhere(bench, "verify").code == 0


def test_what_one_machine_applied_is_not_taken_for_applied_on_another(bench: Bench) -> None:
    assert _elsewhere(bench, "index", "--source", str(bench.source)).code == 0
    tea = bench.source / "notes" / "tea.txt"
    tea.write_text(tea.read_text().replace("eighty", "ninety"))
    assert bench.mmrag("index", "--domain", "notes").code == 0
    rows = _elsewhere(bench, "status", "--json").json["domains"]
    assert {name: row["behind"] for name, row in rows.items()} == {"notes": True, "shop": False}
    assert "notes: behind the tables: run `mmrag index`" in _elsewhere(bench, "status").out
    assert _elsewhere(bench, "index", "--domain", "notes").code == 0
    hits = _elsewhere(bench, "search", "green tea", "--domain", "notes", "--json").json["hits"]
    assert "ninety" in hits[0]["text"]
    assert _elsewhere(bench, "verify", "--domain", "notes").code == 0


def test_a_search_with_tables_out_of_reach_shows_what_is_here_and_fails(bench: Bench) -> None:
    blocked = bench.home / "a file"
    blocked.touch()
    said = bench.mmrag("search", "green tea", "--json", MMRAG_STATE_ROOT=str(blocked))
    assert (said.code, said.json["hits"][0]["key"]) == (1, "tea.txt")
    assert "only what is indexed here was looked at" in said.err
