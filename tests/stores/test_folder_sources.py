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
    store = FolderStore.joined([tmp_path / "a", tmp_path / "b"], {"scans": tmp_path / "c"})
    assert store.domains() == ["kitchen", "office", "scans"]
    assert [info.key for info in store.list("scans")] == ["3.txt"]


def test_a_domain_of_two_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    store = FolderStore.joined([tmp_path / "a"], {"kitchen": tmp_path / "other"})
    with pytest.raises(ListingError, match="kitchen"):
        store.list("kitchen")
