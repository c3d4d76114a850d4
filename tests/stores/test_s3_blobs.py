"""State in a bucket: the contract, large blobs, and a bucket that cannot be had."""

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

import boto3
import pytest
from botocore.config import Config

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_blobs import SINGLE_PUT_BYTES, S3Blobs
from tests.stores.blobs_contract import BlobsContract, put, swapped, whole
from tests.stores.s3_traffic import refusing, short_pages, watched

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class TestS3Blobs(BlobsContract):
    """The contract."""

    @pytest.fixture
    def blobs(self, s3: "S3Client", bucket: str) -> Blobs:
        """Give a prefix of a bucket that holds other things as well."""
        for key in ("a/x", "state", "state-a/x", "states/a/x"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"not ours")
        return S3Blobs(lambda: s3, S3Place(bucket, "state/"))


class TestS3BlobsOfAWholeBucket(BlobsContract):
    """The contract."""

    @pytest.fixture
    def blobs(self, s3: "S3Client", bucket: str) -> Blobs:
        """Give a bucket."""
        return S3Blobs(lambda: s3, S3Place(bucket))


@pytest.fixture
def blobs(s3: "S3Client", bucket: str) -> S3Blobs:
    """Give a prefix of a bucket."""
    return S3Blobs(lambda: s3, S3Place(bucket, "state/"))


def attempts(blobs: Blobs) -> list[Callable[[], object]]:
    """Return everything that goes to the bucket."""
    return [
        lambda: blobs.names("a"),
        lambda: blobs.open("a/x"),
        lambda: put(blobs, "a/x"),
        lambda: blobs.delete(["a/x"]),
        lambda: swapped(blobs, "a/x", b"y", expected=b"x"),
    ]


def test_nothing_is_asked_before_it_is_needed() -> None:
    def refuse() -> "S3Client":
        raise AssertionError

    assert S3Blobs(refuse, S3Place("bucket")).shown("a/x") == "s3://bucket/a/x"


def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3: "S3Client") -> None:
    blobs = S3Blobs(lambda: s3, S3Place("mmrag-nowhere", "state/"))
    for attempt in attempts(blobs):
        with pytest.raises(
            StateUnavailableError, match=r"s3://mmrag-nowhere/state.*no such bucket.*run again"
        ) as raised:
            attempt()
        assert not raised.value.may_pass


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("refusal", [("AccessDenied", 403, False), ("SlowDown", 503, True)])
def test_a_refusal_is_neither_absence_nor_damage(
    blobs: S3Blobs, s3: "S3Client", number: int, refusal: tuple[str, int, bool]
) -> None:
    code, status, may_pass = refusal
    operation = ("ListObjectsV2", "GetObject", "PutObject", "DeleteObjects")[number]
    with refusing(s3, operation, code, status), pytest.raises(StateUnavailableError) as raised:
        attempts(blobs)[number]()
    assert raised.value.may_pass == may_pass
    assert raised.value.__cause__ is None
    assert code in str(raised.value)


def test_a_store_that_cannot_be_reached_says_so(aws_chain: None) -> None:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    client = boto3.client("s3", "us-east-1", endpoint_url="http://127.0.0.1:9", config=config)
    for attempt in attempts(S3Blobs(lambda: client, S3Place("bucket"))):
        with pytest.raises(StateUnavailableError, match="connection failed") as raised:
            attempt()
        assert raised.value.may_pass


def test_one_object_of_a_batch_that_may_not_be_deleted_is_told(
    s3: "S3Client", blobs: S3Blobs
) -> None:
    def keep(*, parsed: dict[str, object], **_: object) -> None:
        parsed["Errors"] = [{"Key": "state/a/x", "Code": "AccessDenied"}]

    s3.meta.events.register("after-call.s3.DeleteObjects", keep)
    try:
        with pytest.raises(StateUnavailableError, match=r"AccessDenied.*s3:DeleteObject"):
            blobs.delete(["a/x"])
    finally:
        s3.meta.events.unregister("after-call.s3.DeleteObjects", keep)


def test_deletions_go_a_thousand_at_a_time(s3: "S3Client", blobs: S3Blobs) -> None:
    with watched(s3) as traffic:
        blobs.delete(f"a/{number}" for number in range(1_001))
    assert traffic.requests == ["DeleteObjects"] * 2


def test_a_small_blob_is_one_put(s3: "S3Client", blobs: S3Blobs) -> None:
    with watched(s3) as traffic:
        put(blobs, "a/x", b"x" * 10**6)
    assert traffic.requests == ["PutObject"]


def test_a_large_blob_goes_in_parts_and_comes_back(s3: "S3Client", blobs: S3Blobs) -> None:
    data = b"0123456789abcdef" * (SINGLE_PUT_BYTES // 16) + b"end"
    with watched(s3) as traffic:
        put(blobs, "a/x", data)
    assert traffic.requests.count("UploadPart") == 5
    assert traffic.requests[-1] == "CompleteMultipartUpload"
    assert whole(blobs, "a/x") == data


def test_a_blob_that_is_replaced_during_a_swap_is_not_overwritten(blobs: S3Blobs) -> None:
    put(blobs, "a/x", b"before")

    def fill(file: BinaryIO) -> None:
        put(blobs, "a/x", b"of another machine")
        file.write(b"after")

    assert not blobs.swap("a/x", fill, lambda file: True)
    assert whole(blobs, "a/x") == b"of another machine"


def test_a_blob_that_is_deleted_during_a_swap_is_not_brought_back(blobs: S3Blobs) -> None:
    put(blobs, "a/x", b"before")
    assert not blobs.swap("a/x", lambda file: blobs.delete(["a/x"]), lambda file: True)
    assert blobs.names("a") == []


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_refused_condition_is_a_lost_swap(s3: "S3Client", blobs: S3Blobs, code: str) -> None:
    put(blobs, "a/x")
    with refusing(s3, "PutObject", code, 412):
        assert not swapped(blobs, "a/x", b"y", expected=b"x")


def test_a_large_blob_is_swapped_by_one_put(s3: "S3Client", blobs: S3Blobs) -> None:
    with watched(s3) as traffic:
        assert swapped(blobs, "a/x", b"x" * (SINGLE_PUT_BYTES + 1), expected=None)
    assert traffic.requests == ["GetObject", "PutObject"]


def test_a_store_without_conditional_puts_gets_a_plain_one_after_a_look(
    s3: "S3Client", blobs: S3Blobs
) -> None:
    put(blobs, "a/x")
    refused = refusing(s3, "PutObject", "NotImplemented", 501, header="If-Match")
    with refused, watched(s3) as traffic:
        assert swapped(blobs, "a/x", b"y", expected=b"x")
        assert not swapped(blobs, "a/x", b"z", expected=b"x")
    assert whole(blobs, "a/x") == b"y"
    assert traffic.requests.count("GetObject") == 3


def test_the_marker_of_a_folder_is_no_blob(s3: "S3Client", bucket: str, blobs: S3Blobs) -> None:
    for key in ("state/a/", "state/a/b/"):
        s3.put_object(Bucket=bucket, Key=key)
    put(blobs, "a/x")
    assert blobs.names("a") == ["a/x"]


def test_more_names_than_one_answer_holds_are_all_listed(s3: "S3Client", blobs: S3Blobs) -> None:
    for number in range(10):
        put(blobs, f"a/{number}")
    with short_pages(s3), watched(s3) as traffic:
        assert blobs.names("a") == [f"a/{number}" for number in range(10)]
    assert traffic.requests == ["ListObjectsV2"] * 4


def test_a_listing_misses_nothing_that_a_later_name_replaces_meanwhile(
    s3: "S3Client", blobs: S3Blobs
) -> None:
    for number in range(8):
        put(blobs, f"a/{number}")

    def merge() -> None:
        put(blobs, "a/7-merged")
        blobs.delete(f"a/{number}" for number in range(8))

    with short_pages(s3, after_first=merge):
        assert "a/7-merged" in blobs.names("a")
