"""`mmrag purge`: files go for good, a receipt says so, and --lift lets them back in."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.indexing.receipts import verify_receipt
from mmrag_pipeline.stores.reports import keep_report
from mmrag_pipeline.stores.run_lock import running
from tests.cli.commands import Bench


def _found(bench: Bench, query: str) -> list[str]:
    hits = bench.mmrag("search", query, "--json").json["hits"]
    return [hit["key"] for hit in hits]


def test_a_purged_file_is_not_found_any_more_and_does_not_come_back(bench: Bench) -> None:
    said = bench.mmrag("purge", "notes/tea.txt", "--yes", "--json")
    assert (said.code, said.json["complete"]) == (0, True), said.err
    assert "tea.txt" not in _found(bench, "green tea")
    made = bench.mmrag("index", "--json")
    assert set(made.json["model_calls"].values()) == {0}
    assert "tea.txt" not in _found(bench, "green tea")
    assert bench.mmrag("verify").code == 0


def test_nothing_that_it_said_is_left_in_our_files(bench: Bench) -> None:
    word = b"eighty"
    assert _files_with(bench.home / "tables", word) or _files_with(bench.home / "memo", word)
    bench.mmrag("purge", "notes/tea.txt", "--yes")
    assert _files_with(bench.home / "tables", word) == []
    assert _files_with(bench.home / "memo", word) == []


def _files_with(folder: Path, word: bytes) -> list[str]:
    """Return the Parquet files that tell of a word, read as tables: they are compressed."""
    import polars as pl

    paths = sorted(folder.rglob("*.parquet"))
    return [p.name for p in paths if word.decode() in str(pl.read_parquet(p).to_dicts())]


def test_the_receipt_holds_and_lies_under_home(bench: Bench) -> None:
    said = bench.mmrag("purge", "shop/lamp.png", "--reason", "a wish", "--yes", "--json")
    (path,) = said.json["paths"]
    text = Path(path).read_text()
    assert Path(path).parent == bench.home / "receipts"
    assert verify_receipt(text)
    assert json.loads(text) == said.json["receipts"][0]
    assert json.loads(text)["reason"] == "a wish"


def test_a_person_reads_places_counts_and_the_receipt(bench: Bench) -> None:
    said = bench.mmrag("purge", "lamp.png", "--domain", "shop", "--yes")
    assert said.code == 0
    assert "tables/raw_files" in said.out
    assert "collections/mmrag__shop__g1" in said.out
    assert "receipts/purge-" in said.out


def test_lifting_brings_it_back_at_the_next_run(bench: Bench) -> None:
    bench.mmrag("purge", "notes/tea.txt", "--yes")
    said = bench.mmrag("purge", "notes/tea.txt", "--lift", "--json")
    assert said.json["lifted"] == {"notes": ["tea.txt"]}
    assert bench.mmrag("index", "--domain", "notes").code == 0
    assert _found(bench, "green tea")[0] == "tea.txt"


def test_lifting_what_was_not_purged_says_so(bench: Bench) -> None:
    said = bench.mmrag("purge", "notes/tea.txt", "--lift")
    assert "there is nothing to lift" in said.err


def test_an_unknown_key_is_kept_out_and_the_person_told(bench: Bench) -> None:
    said = bench.mmrag("purge", "notes/Tea.txt", "--yes")
    assert said.code == 0
    assert "nothing of it was held" in said.err


def test_a_file_whose_name_has_two_lines_is_purged(bench: Bench) -> None:
    said = bench.mmrag("purge", "notes/two\nlines.txt", "--yes", "--json")
    assert said.json["receipts"][0]["removed"]["tables/raw_files"] == 1


def test_files_of_several_domains_have_a_receipt_each(bench: Bench) -> None:
    said = bench.mmrag(
        "purge", "notes/tea.txt", "shop/lamp.png", "shop/guide.pdf", "--yes", "--json"
    )
    assert [len(receipt["files"]) for receipt in said.json["receipts"]] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tea.txt", "--yes"), "write DOMAIN/KEY, or KEY with --domain"),
        (("/tea.txt", "--yes"), "write DOMAIN/KEY, or KEY with --domain"),
        (("kitchen/tea.txt", "--yes"), "no domain 'kitchen' is known: notes, shop"),
        (("notes/tea.txt",), "give --yes where nobody can answer"),
    ],
)
def test_a_purge_that_is_not_clear_does_nothing(
    indexed: Bench, arguments: tuple[str, ...], told: str
) -> None:
    said = indexed.mmrag("purge", *arguments)
    assert said.code == 1
    assert told in said.err
    assert not (indexed.home / "receipts").exists()


def test_a_run_under_way_is_told_and_the_file_stays_out_anyway(bench: Bench) -> None:
    with running(bench.home):
        said = bench.mmrag("purge", "notes/tea.txt", "--yes", MMRAG_LOCK_TIMEOUT_S="0.1")
    assert said.code == 1
    assert "a run is under way" in said.err
    bench.mmrag("index", "--domain", "notes")
    assert "tea.txt" not in _found(bench, "green tea")


def test_where_each_machine_has_its_own_index_the_others_are_told_of(bench: Bench) -> None:
    place = {"MMRAG_STATE_ROOT": str(bench.home)}
    said = bench.mmrag("purge", "notes/tea.txt", "--yes", **place)
    assert said.code == 0
    assert "those of other machines hold the points until" in " ".join(said.err.split())
    alone = bench.mmrag("purge", "shop/lamp.png", "--yes")
    assert "other machines" not in alone.err


def test_a_purge_forgets_every_cached_answer(bench: Bench) -> None:
    bench.mmrag("ask", "How many minutes does green tea want?")
    assert list((bench.home / "answers").rglob("*.json"))
    assert bench.mmrag("purge", "notes/tea.txt", "--yes").code == 0
    assert not list((bench.home / "answers").rglob("*.json"))


def test_reports_of_evaluations_go_because_they_may_show_the_file(bench: Bench) -> None:
    path = keep_report(bench.home, "<p>tea</p>", at=datetime.now(UTC), run_id="r", keep=5)
    bench.mmrag("purge", "notes/tea.txt", "--yes")
    assert not path.exists()
