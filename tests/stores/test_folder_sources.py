"""Several folders as one source: what troubles one domain leaves the others alone."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.stores.source_store import SourceStore


def test_several_sources_are_one_store(tmp_path: Path) -> None:
    for place in ("a/kitchen/1.txt", "b/office/2.txt", "c/3.txt"):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.write_text("x")
    store = SourceStore({"scans": tmp_path / "c"}, roots=[tmp_path / "a", tmp_path / "b"])
    assert store.domains() == ["kitchen", "office", "scans"]
    assert [info.key for info in store.list("scans")] == ["3.txt"]


def test_a_domain_of_two_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    store = SourceStore({"kitchen": tmp_path / "other"}, roots=[tmp_path / "a"])
    with pytest.raises(ListingError, match="kitchen"):
        store.list("kitchen")


def test_a_lost_root_stops_only_what_was_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    store = SourceStore({}, roots=[tmp_path / "gone", tmp_path / "a"])
    assert store.list("kitchen") == []
    with pytest.raises(ListingError, match="gone"):
        store.list("office")


def test_loose_files_of_another_root_do_not_replace_those_of_a_lost_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loose.txt").write_text("x")
    store = SourceStore({}, roots=[tmp_path / "gone", tmp_path / "a"])
    with pytest.raises(ListingError, match="gone"):
        store.list("default")


def test_a_lost_root_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a" / "kitchen").mkdir(parents=True)
    with pytest.raises(ListingError, match="gone"):
        SourceStore({}, roots=[tmp_path / "gone", tmp_path / "a"]).domains()


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ListingError):
        SourceStore({}, roots=[tmp_path / "gone"]).domains()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with one domain of one file."""
    (tmp_path / "kitchen").mkdir()
    (tmp_path / "kitchen" / "a.txt").write_text("x")
    return tmp_path


def listed(root: Path, domain: str) -> list[str]:
    """Return the keys of a domain of this root."""
    return [info.key for info in SourceStore({}, roots=[root]).list(domain)]


def test_sub_folders_of_a_root_are_domains_and_loose_files_the_default(root: Path) -> None:
    (root / "loose.txt").write_text("x")
    (root / ".cache").mkdir()
    assert SourceStore({}, roots=[root]).domains() == ["default", "kitchen"]
    assert listed(root, "default") == ["loose.txt"]
    assert listed(root, "kitchen") == ["a.txt"]


def test_loose_files_beside_a_folder_named_default_are_an_error_of_that_domain(
    root: Path,
) -> None:
    (root / "default").mkdir()
    (root / "loose.txt").write_text("x")
    for ask in (SourceStore({}, roots=[root]).domains, lambda: listed(root, "default")):
        with pytest.raises(ListingError, match="move the files"):
            ask()
    assert listed(root, "kitchen") == ["a.txt"]


def test_a_folder_that_cannot_name_a_domain_stops_no_other(root: Path) -> None:
    (root / "a__b").mkdir()
    with pytest.raises(ListingError, match="a__b"):
        SourceStore({}, roots=[root]).domains()
    assert listed(root, "kitchen") == ["a.txt"]


def test_a_root_without_loose_files_any_more_empties_the_default(root: Path) -> None:
    assert listed(root, "default") == []


def test_a_default_of_a_lost_root_is_not_empty(root: Path) -> None:
    store = SourceStore({}, roots=[root, root / "gone"])
    with pytest.raises(ListingError, match="gone"):
        store.list("default")


def test_single_folders_have_no_default(tmp_path: Path) -> None:
    with pytest.raises(ListingError, match="no folder"):
        SourceStore({"kitchen": tmp_path}).list("default")


def test_a_linked_folder_under_a_root_is_reported_not_followed(root: Path) -> None:
    (root / "photos").symlink_to(root / "kitchen")
    (info,) = SourceStore({}, roots=[root]).list("default")
    assert (info.key, info.problem) == ("photos", "link")


def test_a_domain_of_three_folders_is_refused_like_one_of_two(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in "abc"]
    for one in roots:
        (one / "kitchen").mkdir(parents=True)
    with pytest.raises(ListingError, match="kitchen"):
        SourceStore({}, roots=roots).list("kitchen")
