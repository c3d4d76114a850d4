"""Several folders as one source."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.stores.folder import FolderStore


def test_several_sources_are_one_store(tmp_path: Path) -> None:
    for place in ("a/kitchen/1.txt", "b/office/2.txt", "c/3.txt"):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.write_text("x")
    store = FolderStore({"scans": tmp_path / "c"}, roots=[tmp_path / "a", tmp_path / "b"])
    assert store.domains() == ["kitchen", "office", "scans"]
    assert [info.key for info in store.list("scans")] == ["3.txt"]


def test_a_domain_of_two_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    store = FolderStore({"kitchen": tmp_path / "other"}, roots=[tmp_path / "a"])
    with pytest.raises(ListingError, match="kitchen"):
        store.list("kitchen")


def test_a_lost_root_stops_only_what_was_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    store = FolderStore({}, roots=[tmp_path / "gone", tmp_path / "a"])
    assert store.list("kitchen") == []
    with pytest.raises(ListingError, match="gone"):
        store.list("office")


def test_a_lost_root_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    with pytest.raises(ListingError, match="gone"):
        FolderStore({}, roots=[tmp_path / "gone", tmp_path / "a"]).domains()
