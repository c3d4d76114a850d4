"""`mmrag purge` and copies of the same content: they are named, and purged along when asked."""

import shutil

import pytest

from tests.cli.commands import Bench


@pytest.fixture
def copied(bench: Bench) -> Bench:
    """Return a state in which a text of one domain lies in the other one, too."""
    shutil.copy(bench.source / "notes" / "tea.txt", bench.source / "shop" / "copy.txt")
    assert bench.mmrag("index", "--domain", "shop").code == 0
    return bench


def test_copies_that_stay_are_named_on_the_terminal_and_in_the_receipt(copied: Bench) -> None:
    said = copied.mmrag("purge", "notes/tea.txt", "--yes", "--json")
    assert said.json["receipts"][0]["copies"] == {"shop": ["copy.txt"]}
    assert "the same content stays indexed under other keys, 1 file:\n    shop/copy.txt" in said.err


def test_copies_are_purged_along_when_asked(copied: Bench) -> None:
    said = copied.mmrag("purge", "notes/tea.txt", "--copies", "--yes", "--json")
    assert [list(one["files"].values()) for one in said.json["receipts"]] == [
        ["tea.txt"],
        ["copy.txt"],
    ]
    assert "shop/copy.txt (a copy)" in said.err
    assert "stays indexed" not in said.err
    hits = copied.mmrag("search", "green tea", "--json").json["hits"]
    assert {"tea.txt", "copy.txt"}.isdisjoint(hit["key"] for hit in hits)


def test_copies_that_are_named_themselves_are_nothing_to_tell(copied: Bench) -> None:
    said = copied.mmrag("purge", "notes/tea.txt", "shop/copy.txt", "--yes")
    assert "stays indexed" not in said.err


def test_copies_count_when_it_asks(copied: Bench) -> None:
    said = copied.mmrag("purge", "notes/tea.txt", "--copies")
    assert "purging 2 files asks first" in said.err
    assert not (copied.home / "receipts").exists()


def test_remains_of_other_files_are_one_row_of_their_own(copied: Bench) -> None:
    (copied.source / "notes" / "tent.md").write_text("Pitch it by the lake.")
    assert copied.mmrag("index", "--domain", "notes").code == 0
    said = copied.mmrag("purge", "shop/guide.pdf", "--yes")
    assert "memo/pages" in said.out
    assert "memo, unreferenced remains" in said.out
    assert "unreferenced/" not in said.out
