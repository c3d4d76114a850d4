"""`mmrag purge` that did not end: the same command completes it, in every domain."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmrag_pipeline.ids import file_id
from mmrag_pipeline.stores.run_lock import running
from tests.cli.commands import Bench, Said

COMMAND = ("purge", "notes/tea.txt", "--copies", "--yes", "--json")
COPY = file_id("shop", "copy.txt")


@pytest.fixture
def copied(bench: Bench) -> Bench:
    """Return a state in which a text of one domain lies in the other one, too."""
    shutil.copy(bench.source / "notes" / "tea.txt", bench.source / "shop" / "copy.txt")
    assert bench.mmrag("index", "--domain", "shop").code == 0
    return bench


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """Let a table be unreadable for a while."""
    held = path.read_bytes()
    path.write_bytes(b"no table")
    yield
    path.write_bytes(held)


def _table(bench: Bench, name: str) -> Path:
    (path,) = (bench.home / "tables" / name).glob("*shop*.parquet")
    return path


@pytest.fixture
def halved(copied: Bench) -> tuple[Bench, Said]:
    """Return a state whose second domain could not be purged, and what was said."""
    with _damaged(_table(copied, "collection")):
        return copied, copied.mmrag(*COMMAND)


def _found(bench: Bench) -> set[str]:
    hits = bench.mmrag("search", "green tea", "--json").json["hits"]
    return {"tea.txt", "copy.txt"} & {hit["key"] for hit in hits}


def test_the_first_domains_receipt_is_told_although_the_second_raised(
    halved: tuple[Bench, Said],
) -> None:
    _, said = halved
    assert said.code == 1
    assert [one["domain"] for one in said.json["receipts"]] == ["notes"]
    assert said.json["complete"] is False
    assert "the purge did not end: run the same command again" in said.err


def test_the_same_command_completes_all_domains_at_the_same_moment(
    halved: tuple[Bench, Said],
) -> None:
    bench, first = halved
    assert _found(bench) == {"copy.txt"}
    said = bench.mmrag(*COMMAND)
    assert (said.code, said.json["complete"]) == (0, True), said.err
    assert _found(bench) == set()
    assert {one["at"] for one in said.json["receipts"]} == {first.json["receipts"][0]["at"]}
    assert f"shop: file {COPY} (of a purge that did not end)" in said.err


def test_it_is_completed_without_the_option_too(halved: tuple[Bench, Said]) -> None:
    bench, _ = halved
    assert bench.mmrag("purge", "notes/tea.txt", "--yes").code == 0
    assert _found(bench) == set()


def test_what_did_not_end_is_listed_as_such(halved: tuple[Bench, Said]) -> None:
    bench, _ = halved
    rows = bench.mmrag("purge", "--list", "--json").json["purged"]
    assert [(row["domain"], row["ended"]) for row in rows] == [("notes", True), ("shop", False)]
    assert bench.mmrag("purge", "--list").out.count("did not end: run the same command again") == 1
    bench.mmrag(*COMMAND)
    assert "did not end" not in bench.mmrag("purge", "--list").out


def test_a_later_purge_of_another_file_leaves_it_alone(halved: tuple[Bench, Said]) -> None:
    bench, _ = halved
    said = bench.mmrag("purge", "shop/lamp.png", "--yes", "--json")
    assert [list(one["files"].values()) for one in said.json["receipts"]] == [["lamp.png"]]


def test_one_that_waits_in_vain_says_what_stands(copied: Bench) -> None:
    with running(copied.home):
        said = copied.mmrag(*COMMAND, MMRAG_LOCK_TIMEOUT_S="0.1")
    told = " ".join(said.err.split())
    assert "kept out of later listings; they are still served until the purge is done" in told
    assert "run the same command again" in told
    stones = copied.mmrag("purge", "--list", "--json").json["purged"]
    assert {row["domain"] for row in stones} == {"notes", "shop"}


def test_a_domain_that_cannot_be_read_stops_no_purge_of_another(copied: Bench) -> None:
    with _damaged(_table(copied, "raw_files")):
        said = copied.mmrag(*COMMAND)
        assert _found(copied) == {"copy.txt"}
    assert "whether copies lie in shop is unknown" in said.err
    (receipt,) = said.json["receipts"]
    assert receipt["unread"].keys() == {"copies/shop", "memo"}
    assert (said.code, receipt["complete"]) == (1, False)
    said = copied.mmrag(*COMMAND)
    assert (said.code, said.json["complete"]) == (0, True), said.err


def test_the_receipt_names_no_copies_that_went_along(copied: Bench) -> None:
    said = copied.mmrag(*COMMAND)
    assert [one["copies"] for one in said.json["receipts"]] == [{}, {}]


def test_unknown_copies_are_told_before_it_asks(copied: Bench) -> None:
    with _damaged(_table(copied, "raw_files")):
        said = copied.mmrag("purge", "notes/tea.txt", "--copies")
    told = " ".join(said.err.split())
    assert "whether copies lie in shop is unknown, and nothing tells it later" in told
    assert "purging 1 file asks first" in told
