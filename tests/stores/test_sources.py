"""What is indexed is kept in one file, and no writer takes away what another one added."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import CollectionBusyError, CorruptStateError
from mmrag_pipeline.stores import files
from mmrag_pipeline.stores.sources import Sources, add_sources, read_sources

ROOT, FOLDER = Path("/root-folder"), Path("/scans")


def _nothing(known: Sources) -> Sources:
    return known


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    more = Sources().with_root(ROOT).with_folder("scans", FOLDER)
    assert add_sources(tmp_path, more.added_to) == more == read_sources(tmp_path)


def test_two_that_asked_at_once_both_keep_what_they_added(tmp_path: Path) -> None:
    known = read_sources(tmp_path)
    for asked in (known.with_root(ROOT), known.with_folder("scans", FOLDER)):
        add_sources(tmp_path, asked.added_to)
    assert read_sources(tmp_path) == Sources((ROOT,), {"scans": FOLDER})


def test_sources_are_added_one_at_a_time(tmp_path: Path) -> None:
    def taken(known: Sources) -> Sources:
        with files.exclusive(tmp_path / "sources.lock", "it", 0):
            return known

    with pytest.raises(CollectionBusyError, match=r"try again$"):  # no setting says how long
        add_sources(tmp_path, taken)


def test_an_addition_that_fails_changes_nothing(tmp_path: Path) -> None:
    held = add_sources(tmp_path, Sources((ROOT,)).added_to)
    with pytest.raises(ZeroDivisionError):
        add_sources(tmp_path, lambda known: known.with_root(Path(str(1 // 0))))
    assert read_sources(tmp_path) == held


def test_nothing_added_writes_nothing(tmp_path: Path) -> None:
    add_sources(tmp_path, _nothing)
    assert not (tmp_path / "sources.json").exists()


def test_a_damaged_file_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "sources.json").write_text("{")
    with pytest.raises(CorruptStateError, match=r"sources\.json"):
        add_sources(tmp_path, Sources((ROOT,)).added_to)
    assert (tmp_path / "sources.json").read_text() == "{"
