"""Folders and buckets side by side: one place per domain, and nothing lost looks empty."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from mmrag_pipeline.errors import ListingError, ReadError
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.domains import Claims, Domain
from mmrag_pipeline.stores.places import Place, S3Place
from mmrag_pipeline.stores.source_store import SourceStore
from mmrag_pipeline.testing.worlds import TODAY

ROOT = S3Place("bucket", "raw/")


class Shelf:
    """The objects of one bucket, by full key."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def claims(self, root: Place) -> Claims:
        """Return the folders under a root."""
        assert isinstance(root, S3Place)
        inner = [key.removeprefix(root.prefix) for key in self.keys if key.startswith(root.prefix)]
        folders = dict.fromkeys(key.split("/")[0] for key in inner if "/" in key)
        return Claims(list(folders), loose=any("/" not in key for key in inner))

    def walk(self, domain: Domain, keys: Sequence[str] | None) -> Iterator[ObjectInfo]:
        """Yield the objects of a domain."""
        assert isinstance(domain.place, S3Place)
        for key in self.keys:
            inner = key.removeprefix(domain.place.prefix)
            if inner != key and (keys is None or inner in keys):
                yield ObjectInfo(inner, f"s3://bucket/{key}", 1, "e", TODAY)

    def open(self, domain: Domain, key: str, *, etag: str = "") -> BinaryIO:
        """Open an object."""
        del etag
        return BytesIO(f"{domain.place}/{key}".encode())


def _store(*keys: str, folder: Path | None = None) -> SourceStore:
    roots: list[Place] = [ROOT, folder] if folder else [ROOT]
    return SourceStore({}, roots=roots, s3=lambda: Shelf(*keys))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a root with the domain `scans`."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.txt").write_text("words")
    return tmp_path


def test_folders_and_buckets_stand_side_by_side(folder: Path) -> None:
    store = _store("raw/shop/a.png", folder=folder)
    assert store.domains() == ["scans", "shop"]
    assert [info.uri for info in store.list("shop")] == ["s3://bucket/raw/shop/a.png"]
    assert [info.key for info in store.list("scans")] == ["a.txt"]


def test_each_object_is_read_where_its_domain_lies(folder: Path) -> None:
    store = _store("raw/shop/a.png", folder=folder)
    with store.open("shop", "a.png") as remote, store.open("scans", "a.txt") as local:
        assert remote.read() == b"s3://bucket/raw/shop/a.png"
        assert local.read() == b"words"


def test_a_name_in_a_folder_and_in_a_bucket_is_a_trouble(folder: Path) -> None:
    store = _store("raw/scans/a.png", folder=folder)
    with pytest.raises(ListingError, match="is both"):
        store.list("scans")


def test_a_domain_without_objects_any_more_is_empty() -> None:
    store = _store("raw/office/a.png")
    assert store.list("shop", held_at="s3://bucket/raw/shop/a.png") == []


def test_a_domain_of_which_nothing_was_ever_indexed_is_empty() -> None:
    assert _store("raw/office/a.png").list("shop", ["a.png"]) == []


@pytest.mark.parametrize(
    "held_at",
    [
        "s3://bucket/old/shop/a.png",
        "s3://other/raw/shop/a.png",
        "s3://bucket/raw/shopping/a.png",
        "file:///data/shop/a.png",
    ],
)
def test_a_domain_that_had_its_files_elsewhere_is_not_taken_for_empty(held_at: str) -> None:
    with pytest.raises(ListingError, match="Nothing was deleted"):
        _store("raw/office/a.png").list("shop", held_at=held_at)


def _mapped(*keys: str, prefix: str = "el/cards/") -> SourceStore:
    place = S3Place("bucket", prefix)
    return SourceStore({"el": place}, s3=lambda: Shelf(*keys))


@pytest.mark.parametrize("keys", [None, ["a.png"]])
@pytest.mark.parametrize("held_at", ["s3://bucket/el/cards/a.png", "file:///data/el/a.png"])
def test_a_mistyped_prefix_is_not_taken_for_an_empty_domain(
    held_at: str, keys: list[str] | None
) -> None:
    store = _mapped("el/cards/a.png", prefix="el/typo/")
    with pytest.raises(ListingError, match="s3://bucket/el/typo holds no object") as caught:
        store.list("el", keys, held_at=held_at)
    assert held_at in str(caught.value)
    assert "--source EMPTY_FOLDER --domain el" in str(caught.value)


def test_a_prefix_whose_objects_are_all_gone_is_empty() -> None:
    assert _mapped().list("el", held_at="s3://bucket/el/cards/a.png") == []
    assert _mapped().list("el") == []


def test_a_key_that_is_gone_from_a_new_prefix_with_others_is_gone() -> None:
    store = _mapped("el/cards/b.png")
    assert store.list("el", ["a.png"], held_at="s3://bucket/el/old/a.png") == []


def test_an_empty_folder_empties_a_domain_that_had_its_files_in_a_bucket(folder: Path) -> None:
    store = SourceStore({"el": folder / "void"})
    (folder / "void").mkdir()
    assert store.list("el", held_at="s3://bucket/el/cards/a.png") == []
    assert not store.has_any("el", held_at="s3://bucket/el/cards/a.png")


def test_a_place_is_asked_whether_it_has_any_object() -> None:
    held_at = "s3://bucket/el/cards/a.png"
    assert _mapped("el/cards/a.png").has_any("el")
    assert not _mapped().has_any("el", held_at=held_at)
    with pytest.raises(ListingError, match="holds no object"):
        _mapped(prefix="el/typo/").has_any("el", held_at=held_at)


def test_loose_files_of_another_bucket_are_not_taken_for_gone() -> None:
    store = _store("raw/office/a.png")
    assert store.list("default", held_at="s3://bucket/raw/a.png") == []
    with pytest.raises(ListingError, match="Nothing was deleted"):
        store.list("default", held_at="s3://other/a.png")


def test_a_folder_that_is_gone_is_not_taken_for_an_empty_bucket(folder: Path) -> None:
    store = _store("raw/shop/a.png", folder=folder)
    with pytest.raises(ListingError, match="no folder"):
        store.list("letters", held_at=f"file://{folder}/letters/a.txt")


def test_a_key_that_is_asked_for_twice_is_listed_once(folder: Path) -> None:
    store = _store("raw/shop/a.png", folder=folder)
    assert [info.key for info in store.list("scans", ["a.txt", "a.txt"])] == ["a.txt"]


def test_an_object_of_a_domain_that_is_gone_has_vanished() -> None:
    with pytest.raises(ReadError) as caught:
        _store().open("shop", "a.png")
    assert caught.value.reason == "vanished"
