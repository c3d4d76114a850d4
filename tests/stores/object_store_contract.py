"""What every source of objects does."""

from datetime import UTC, datetime
from typing import Protocol

import pytest

from mmrag_pipeline.errors import ListingError, ReadError
from mmrag_pipeline.indexing.contents import version_of
from mmrag_pipeline.ports import ObjectStore

SHOP = "shop"
AWKWARD = [
    *("per%20cent%.txt", "back\\slash.txt", "plus+sp ace.txt", "?query=1&x#part.txt"),
    *("caf\u00e9.txt", "cafe\u0301.txt", "emoji \U0001f642.txt", "quote\"'s<>.txt", "a/b c/d.txt"),
    *("tab\tand\rreturn.txt", " leading", "trailing ", "x..y", "*[a].txt", "-rf", "x" * 250),
]


class Source(Protocol):
    """A source to edit behind the store's back, and the store: one root of domains."""

    @property
    def store(self) -> ObjectStore:
        """Return the store."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Add or replace an object under the root, `DOMAIN/KEY` or loose."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object."""
        ...

    def lose(self) -> None:
        """Make the root unlistable."""
        ...


def reason_of(store: ObjectStore, key: str) -> tuple[str, bool]:
    """Return why an object cannot be opened, and whether that may pass."""
    with pytest.raises(ReadError) as caught:
        store.open(SHOP, key)
    return caught.value.reason, caught.value.transient


def read(store: ObjectStore, key: str, domain: str = SHOP) -> bytes:
    """Return the bytes of an object."""
    with store.open(domain, key) as stream:
        return stream.read()


def keys(store: ObjectStore, domain: str = SHOP) -> list[str]:
    """Return the keys of a listing."""
    return [info.key for info in store.list(domain)]


class ObjectStoreContract:
    """Inherit it and give `source`, an empty root."""

    @pytest.fixture
    def source(self) -> Source:
        """Give a source without objects."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, source: Source) -> ObjectStore:
        """Give the store of a source with three objects in two domains."""
        source.put("shop/a.txt", b"one")
        source.put("shop/deep/er/b.txt", b"two!")
        source.put("office/c.txt", b"")
        return source.store

    def test_a_listing_shows_every_object_by_relative_key(self, store: ObjectStore) -> None:
        shown = [(info.key, info.size_bytes, info.problem) for info in store.list(SHOP)]
        assert shown == [("a.txt", 3, ""), ("deep/er/b.txt", 4, "")]

    def test_folders_of_the_root_are_domains(self, store: ObjectStore) -> None:
        assert store.domains() == ["office", "shop"]

    def test_loose_objects_are_the_default_domain(self, store: ObjectStore, source: Source) -> None:
        source.put("loose.txt", b"three")
        assert store.domains() == ["default", "office", "shop"]
        assert keys(store, "default") == ["loose.txt"]
        assert read(store, "loose.txt", "default") == b"three"

    def test_without_loose_objects_the_default_domain_is_empty(self, store: ObjectStore) -> None:
        assert store.list("default") == []

    def test_a_domain_whose_last_object_goes_is_empty(
        self, store: ObjectStore, source: Source
    ) -> None:
        source.delete("office/c.txt")
        assert store.list("office") == []

    def test_times_are_in_utc(self, store: ObjectStore) -> None:
        moments = [info.modified_at for info in store.list(SHOP)]
        assert {moment.tzinfo for moment in moments} == {UTC}
        assert all(abs((datetime.now(UTC) - moment).total_seconds()) < 3600 for moment in moments)

    def test_hidden_objects_are_left_out(self, store: ObjectStore, source: Source) -> None:
        for hidden in (".git/config", "shop/.DS_Store", "shop/deep/.git/config", ".loose"):
            source.put(hidden, b"x")
        assert store.domains() == ["office", "shop"]
        assert keys(store) == ["a.txt", "deep/er/b.txt"]
        assert store.list(SHOP, [".DS_Store", "deep/.git/config"]) == []
        assert reason_of(store, ".DS_Store") == ("vanished", True)

    def test_what_is_listed_can_be_read(self, store: ObjectStore) -> None:
        assert [read(store, key) for key in keys(store)] == [b"one", b"two!"]

    @pytest.mark.parametrize("key", AWKWARD)
    def test_a_key_is_data(self, source: Source, key: str) -> None:
        source.put(f"shop/{key}", key.encode())
        (info,) = source.store.list(SHOP)
        assert (info.key, source.store.list(SHOP, [key])) == (key, [info])
        assert read(source.store, key) == key.encode()

    def test_normal_forms_of_unicode_are_two_keys(self, source: Source) -> None:
        source.put("shop/caf\u00e9", b"composed")
        source.put("shop/cafe\u0301", b"decomposed")
        assert keys(source.store) == ["cafe\u0301", "caf\u00e9"]
        assert read(source.store, "caf\u00e9") == b"composed"

    def test_asked_keys_show_as_they_do_in_the_listing(self, store: ObjectStore) -> None:
        everything = store.list(SHOP)
        assert store.list(SHOP, ["deep/er/b.txt", "a.txt"]) == everything
        assert store.list(SHOP, ["deep/er/b.txt"]) == everything[1:]

    @pytest.mark.parametrize("key", ["gone.txt", "a.tx", "deep", "deep/", "deep/er", "", "a.txt/"])
    def test_an_asked_key_that_no_listing_shows_is_absent(
        self, store: ObjectStore, key: str
    ) -> None:
        assert store.list(SHOP, [key]) == []

    def test_no_asked_keys_are_no_objects(self, store: ObjectStore) -> None:
        assert store.list(SHOP, []) == []

    def test_a_loose_domain_has_no_nested_keys(self, store: ObjectStore, source: Source) -> None:
        source.put("loose.txt", b"three")
        assert [i.key for i in store.list("default", ["loose.txt", "shop/a.txt"])] == ["loose.txt"]

    def test_an_object_left_alone_keeps_its_etag(self, store: ObjectStore) -> None:
        assert store.list(SHOP) == store.list(SHOP)

    def test_other_bytes_have_another_etag(self, store: ObjectStore, source: Source) -> None:
        before = store.list(SHOP)[0].etag
        source.put("shop/a.txt", b"two")
        assert store.list(SHOP)[0].etag != before

    def test_an_object_is_read_by_the_etag_of_its_listing(self, store: ObjectStore) -> None:
        info = store.list(SHOP)[0]
        with store.open(SHOP, info.key, etag=info.etag) as stream:
            assert stream.read() == b"one"

    def test_an_object_without_versions_tells_none(self, store: ObjectStore) -> None:
        with store.open(SHOP, "a.txt") as stream:
            assert version_of(stream) is None

    def test_a_deleted_object_is_gone(self, store: ObjectStore, source: Source) -> None:
        source.delete("shop/a.txt")
        assert keys(store) == ["deep/er/b.txt"]
        assert store.list(SHOP, ["a.txt"]) == []
        assert reason_of(store, "a.txt") == ("vanished", True)

    def test_an_object_is_read_in_pieces(self, source: Source) -> None:
        data = bytes(range(256)) * 5_000
        source.put("shop/large", data)
        with source.store.open(SHOP, "large") as stream:
            pieces = iter(lambda: stream.read(100_000), b"")
            assert b"".join(pieces) == data

    def test_a_root_that_cannot_be_listed_is_no_empty_one(
        self, store: ObjectStore, source: Source
    ) -> None:
        source.lose()
        for look in (store.domains, lambda: store.list(SHOP), lambda: store.list(SHOP, ["a.txt"])):
            with pytest.raises(ListingError, match="Nothing was deleted"):
                look()

    def test_a_folder_that_cannot_be_a_domain_hides_no_other(
        self, store: ObjectStore, source: Source
    ) -> None:
        source.put("bad__name/x.txt", b"x")
        with pytest.raises(ListingError, match="bad__name") as caught:
            store.domains()
        assert caught.value.found == ("office", "shop")
        assert keys(store) == ["a.txt", "deep/er/b.txt"]
