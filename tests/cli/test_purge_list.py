"""`mmrag purge --list`: what is kept out, since when, and what receipts tell of it."""

from pathlib import Path

import pytest

from mmrag_pipeline.ids import file_id
from mmrag_pipeline.stores.run_lock import running
from tests.cli.commands import Bench

TEA = file_id("notes", "tea.txt")


@pytest.fixture
def purged(bench: Bench) -> Bench:
    """Return a state without two of its files."""
    assert bench.mmrag("purge", "notes/tea.txt", "shop/lamp.png", "--yes").code == 0
    return bench


def test_purged_files_are_listed_with_key_and_receipt(purged: Bench) -> None:
    rows = purged.mmrag("purge", "--list", "--json").json["purged"]
    assert [(row["domain"], row["key"]) for row in rows] == [
        ("notes", "tea.txt"),
        ("shop", "lamp.png"),
    ]
    assert rows[0].keys() == {"domain", "file_id", "purged_at", "receipt", "key", "ended"}
    assert rows[0]["file_id"] == TEA
    assert TEA in Path(rows[0]["receipt"]).read_text()


def test_a_domain_restricts_the_list(purged: Bench) -> None:
    said = purged.mmrag("purge", "--list", "--domain", "shop")
    assert said.out.startswith("1 purged file\nshop/lamp.png  20")


def test_without_its_receipt_a_file_has_its_id_only(purged: Bench) -> None:
    for path in (purged.home / "receipts").iterdir():
        path.unlink()
    said = purged.mmrag("purge", "--list", "--domain", "notes")
    assert f"notes: file {TEA}" in said.out
    assert "no receipt is here" in said.out


def test_a_purge_that_did_not_end_has_no_receipt_although_an_earlier_one_tells_the_key(
    purged: Bench,
) -> None:
    with running(purged.home):
        purged.mmrag("purge", "notes/tea.txt", "--yes", MMRAG_LOCK_TIMEOUT_S="0.1")
    rows = purged.mmrag("purge", "--list", "--domain", "notes", "--json").json["purged"]
    assert [(row["key"], row["receipt"]) for row in rows] == [("tea.txt", None)]


def test_a_changed_receipt_is_told_and_left_out(purged: Bench) -> None:
    for path in (purged.home / "receipts").iterdir():
        path.write_text(path.read_text().replace("tea.txt", "two.txt"))
    said = purged.mmrag("purge", "--list", "--json")
    assert [row["key"] for row in said.json["purged"]] == [None, "lamp.png"]
    assert "was left out: it was changed after it was written" in said.err


def test_a_lifted_file_is_not_listed_any_more(purged: Bench) -> None:
    purged.mmrag("purge", "notes/tea.txt", "--lift")
    assert "tea.txt" not in purged.mmrag("purge", "--list").out


def test_status_counts_them(purged: Bench) -> None:
    assert purged.mmrag("status", "--json").json["domains"]["notes"]["purged"] == 1
    assert purged.mmrag("status").out.splitlines()[-2:] == ["notes: 1 purged", "shop: 1 purged"]


def test_nothing_purged_is_an_empty_list(indexed: Bench) -> None:
    assert indexed.mmrag("purge", "--list", "--json").json == {"purged": []}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no file was named: write DOMAIN/KEY, or --list"),
        (("--list", "notes/tea.txt"), "--list takes no keys"),
        (("--list", "--lift"), "--list and --lift do not go together"),
        (("notes/tea.txt", "--lift", "--copies"), "--lift and --copies do not go together"),
        (("--list", "--domain", "garden"), "no domain 'garden' is known"),
    ],
)
def test_a_list_that_is_not_clear_is_refused(
    indexed: Bench, arguments: tuple[str, ...], told: str
) -> None:
    said = indexed.mmrag("purge", *arguments)
    assert said.code == 1
    assert told in said.err


@pytest.mark.parametrize("arguments", [(), ("--domain", "notes")])
def test_a_list_needs_no_sources(purged: Bench, arguments: tuple[str, ...]) -> None:
    (purged.home / "sources.json").write_text("{")
    said = purged.mmrag("purge", "--list", *arguments)
    assert said.code == 0
    assert "notes/tea.txt" in said.out
