"""Buckets as sources: what no folder has, and a short answer never looks like deleted objects."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import ListingError, ReadError, SettingsError
from mmrag_pipeline.stores.aws import AwsAccess, s3_client
from mmrag_pipeline.stores.domains import NOTHING_DELETED, Claims, Domain
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_listing import full_key, objects
from mmrag_pipeline.stores.s3_objects import S3Objects
from tests.stores.canned_server import Answer, Canned, canned, item, listing, refusal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOP = Domain(S3Place("b", "shop/"))
ODD = ["..", "../y", "d/../x", "./z", "/lead", "//lead", "a//b", "trail/", "x" * 1_019]
SECRET = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def put(s3: "S3Client", bucket: str) -> Callable[..., object]:
    """Give what puts an object (Key, Body) into the test's bucket."""
    return partial(s3.put_object, Bucket=bucket)


@pytest.fixture
def store(s3: "S3Client") -> S3Objects:
    """Give the store over the server."""
    return S3Objects(lambda: s3)


@pytest.fixture
def shop(bucket: str) -> Domain:
    """Give the domain of the prefix `shop/`."""
    return Domain(S3Place(bucket, "shop/"))


def over(server: Canned) -> S3Objects:
    """Return the store over a canned server."""
    access = AwsAccess(region="us-east-1", s3_endpoint_url=server.url)
    return S3Objects(lambda: s3_client(access))


@pytest.fixture
def answering(aws_chain: None) -> Callable[..., AbstractContextManager[Canned]]:
    """Give what starts a server that answers as told."""
    return lambda *answers: canned(answers)


Answering = Callable[..., AbstractContextManager[Canned]]


def keys(store: S3Objects, domain: Domain, asked: Sequence[str] | None = None) -> list[str]:
    """Return the keys of a walk."""
    return [info.key for info in store.walk(domain, asked)]


def cannot_list(look: Callable[[], object]) -> str:
    """Return what a failed listing says."""
    with pytest.raises(ListingError) as caught:
        look()
    assert "Nothing was deleted" in str(caught.value)
    return str(caught.value)


def test_folder_markers_are_no_objects(
    store: S3Objects, shop: Domain, put: Callable[..., object]
) -> None:
    for marker in ("shop/", "shop/deep/"):
        put(Key=marker, Body=b"")
    put(Key="shop/deep/a", Body=b"x")
    assert keys(store, shop) == ["deep/a"]
    assert keys(store, shop, ["", "deep/", "deep/a"]) == ["deep/a"]


def test_a_marker_alone_makes_an_empty_domain(
    store: S3Objects, shop: Domain, bucket: str, put: Callable[..., object]
) -> None:
    put(Key="shop/", Body=b"")
    assert store.claims(S3Place(bucket)) == Claims(["shop"], loose=False)
    assert keys(store, shop) == []


@pytest.mark.parametrize("key", ODD)
def test_a_key_that_looks_like_a_path_is_only_a_name(
    store: S3Objects, shop: Domain, put: Callable[..., object], key: str
) -> None:
    put(Key=f"shop/{key}", Body=key.encode())
    assert keys(store, shop) == keys(store, shop, [key]) == [key]
    with store.open(shop, key) as stream:
        assert stream.read() == key.encode()


def test_a_listing_tells_address_etag_and_time(
    store: S3Objects, shop: Domain, bucket: str, put: Callable[..., object]
) -> None:
    put(Key="shop/50% a+b.txt", Body=b"one")
    (info,) = store.walk(shop)
    assert info.uri == f"s3://{bucket}/shop/50%25%20a%2Bb.txt"
    etag, _, second = info.etag.partition("@")
    assert etag == "f97c5d29941bfb1b2fdab0874906ab82"
    assert datetime.fromtimestamp(int(second), UTC) == info.modified_at.replace(microsecond=0)


def test_a_prefix_ends_at_its_slash(
    store: S3Objects, shop: Domain, put: Callable[..., object]
) -> None:
    for key in ("shop2/x", "shop", "shop/x"):
        put(Key=key, Body=b"x")
    assert keys(store, shop) == ["x"]


def test_keys_asked_twice_show_once(
    store: S3Objects, shop: Domain, put: Callable[..., object]
) -> None:
    put(Key="shop/x", Body=b"x")
    assert keys(store, shop, ["x", "x"]) == ["x"]


def test_a_key_of_a_removed_version_is_absent(
    store: S3Objects, shop: Domain, s3: "S3Client", bucket: str
) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="shop/x", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="shop/x")
    assert keys(store, shop) == keys(store, shop, ["x"]) == []


def test_an_object_that_was_overwritten_is_not_read_as_the_listed_one(
    store: S3Objects, shop: Domain, put: Callable[..., object]
) -> None:
    put(Key="shop/x", Body=b"old")
    (info,) = store.walk(shop)
    put(Key="shop/x", Body=b"new")
    with pytest.raises(ReadError) as caught:
        store.open(shop, "x", etag=info.etag)
    assert (caught.value.reason, caught.value.transient) == ("changed", True)


def test_an_archived_object_says_so_before_and_when_it_is_read(
    store: S3Objects, shop: Domain, put: Callable[..., object]
) -> None:
    put(Key="shop/x", Body=b"old", StorageClass="DEEP_ARCHIVE")
    (info,) = store.walk(shop)
    assert info.problem == "archived"
    with pytest.raises(ReadError, match="restore it") as caught:
        store.open(shop, "x")
    assert (caught.value.reason, caught.value.transient) == ("archived", False)


def test_a_restored_object_may_be_read(answering: Answering) -> None:
    cold = "<StorageClass>GLACIER</StorageClass>"
    until = "<RestoreExpiryDate>2027-01-01T00:00:00.000Z</RestoreExpiryDate>"
    back = f"{cold}<RestoreStatus>{until}</RestoreStatus>"
    page = listing(item("shop/cold", more=cold) + item("shop/warm", more=back))
    with answering(page) as server:
        assert [info.problem for info in over(server).walk(SHOP)] == ["archived", ""]


@pytest.mark.parametrize("asked", [None, ["x"]])
def test_a_bucket_that_is_not_there_is_not_empty(
    store: S3Objects, asked: Sequence[str] | None
) -> None:
    absent = Domain(S3Place("mmrag-no-such-bucket", "shop/"))
    assert "no such bucket" in cannot_list(lambda: keys(store, absent, asked))


def test_a_root_in_a_bucket_that_is_not_there_has_no_claims(store: S3Objects) -> None:
    assert "no such bucket" in cannot_list(lambda: store.claims(S3Place("mmrag-no-such-bucket")))


def test_a_listing_is_followed_to_its_last_page(answering: Answering) -> None:
    pages = [listing(item("shop/a"), more="t1"), listing(more="t2"), listing(item("shop/b"))]
    with answering(*pages) as server:
        assert keys(over(server), SHOP) == ["a", "b"]
        assert ["continuation-token=t2" in path for path, _ in server.asked] == [False, False, True]


def test_loose_objects_are_listed_without_what_lies_in_folders(answering: Answering) -> None:
    with answering(listing(item("a"))) as server:
        assert keys(over(server), Domain(S3Place("b"), shallow=True)) == ["a"]
        assert "delimiter=%2F" in server.asked[0][0]


def test_keys_that_no_xml_holds_come_back(answering: Answering) -> None:
    with answering(listing(item("shop/new%0Aline+and%01"))) as server:
        assert keys(over(server), SHOP, ["new\nline and\x01"]) == ["new\nline and\x01"]
        assert "prefix=shop%2Fnew%0Aline%20and%01" in server.asked[0][0]


def test_a_key_with_a_newline_is_opened_by_its_name(answering: Answering) -> None:
    with answering(Answer(b"data")) as server, over(server).open(SHOP, "new\nline") as stream:
        assert stream.read() == b"data"
        assert server.asked[0][0] == "/b/shop/new%0Aline"


NONSENSE = {
    "a page of a proxy": Answer(b"<html><body>Please sign in</body></html>"),
    "no XML at all": Answer(b"hello"),
    "no way on": Answer(listing(item("shop/a")).body.replace(b"false", b"true")),
    "no sizes": Answer(listing(item("shop/a")).body.replace(b"Size", b"Sise")),
    "in a circle": listing(item("shop/a"), more="same"),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_an_answer_that_is_no_whole_listing_is_an_error(
    answering: Answering, answer: Answer
) -> None:
    with answering(answer) as server:
        assert NOTHING_DELETED in cannot_list(lambda: keys(over(server), SHOP))


def test_a_listing_that_fails_on_its_second_page_is_an_error(answering: Answering) -> None:
    with answering(listing(item("shop/a"), more="t1"), refusal(403, "AccessDenied")) as server:
        assert "s3:ListBucket" in cannot_list(lambda: keys(over(server), SHOP))


def test_a_refusal_is_not_asked_again_and_shows_no_word_of_the_server(
    answering: Answering,
) -> None:
    with answering(refusal(403, "InvalidAccessKeyId", f"{SECRET} is unknown")) as server:
        with pytest.raises(ListingError, match="renew the credentials") as caught:
            over(server).claims(S3Place("b"))
        assert len(server.asked) == 1
    assert SECRET not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_trouble_of_the_service_is_asked_again(answering: Answering) -> None:
    with answering(refusal(500, "InternalError"), listing(item("shop/a"))) as server:
        assert keys(over(server), SHOP) == ["a"]


def test_a_lookup_that_fails_is_an_error(answering: Answering) -> None:
    with answering(refusal(403, "AccessDenied")) as server:
        asked = [str(number) for number in range(100)]
        assert "s3:ListBucket" in cannot_list(lambda: keys(over(server), SHOP, asked))


def test_without_credentials_nothing_is_listed_or_read() -> None:
    def refuse() -> "S3Client":
        raise SettingsError("no AWS credentials were found")

    store = S3Objects(refuse)
    assert "no AWS credentials" in cannot_list(lambda: keys(store, SHOP))
    with pytest.raises(ReadError, match="no AWS credentials"):
        store.open(SHOP, "x")


@pytest.mark.parametrize("key", ["", ".env", "a/.git/x", "\ud800", "x" * 1_025])
def test_what_no_listing_shows_is_not_asked_for(answering: Answering, key: str) -> None:
    with answering(listing()) as server:
        assert keys(over(server), SHOP, [key]) == []
        with pytest.raises(ReadError, match="no listing shows"):
            over(server).open(SHOP, key)
        assert server.asked == []


@given(st.text(st.sampled_from("./ab%"), max_size=6), st.booleans(), st.integers(0, 1))
def test_what_is_listed_can_be_asked_for_and_else_nothing(
    key: str, shallow: bool, size: int
) -> None:
    domain = Domain(S3Place("b", "p/"), shallow=shallow)
    held = {"Key": f"p/{key}", "Size": size, "ETag": '"e"', "LastModified": datetime.now(UTC)}
    listed = [info.key for info in objects({"Contents": [held]}, domain)]  # type: ignore[typeddict-item, list-item]  # a page has much more
    marker = key.endswith("/") and size == 0
    assert listed == [key] * (full_key(domain, key) is not None and not marker)
