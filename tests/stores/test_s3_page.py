"""Pages of a listing are read here as botocore reads them, and what is no page is left to it."""

import gc
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from botocore.handlers import decode_list_object_v2
from botocore.model import Shape
from botocore.parsers import create_parser
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.aws import AwsAccess, s3_client
from mmrag_pipeline.stores.domains import Domain
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_listing import objects
from mmrag_pipeline.stores.s3_page import read_quickly, take_objects
from tests.stores.canned_server import item, listing, refusal

ALL = Domain(S3Place("b"))
COLD = "<StorageClass>GLACIER</StorageClass>"
BACK = "<RestoreStatus><RestoreExpiryDate>2027-01-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>"
EXTRAS = ["", COLD, COLD + BACK, "<Owner><ID>me</ID></Owner><Odd/>"]
ITEMS = st.lists(st.tuples(st.text(max_size=9), st.integers(0, 2**40), st.sampled_from(EXTRAS)))


@pytest.fixture(scope="module")
def answer_shape() -> Shape:
    """Give what botocore knows of a listing's answer; loading it takes a moment."""
    shape = Session().get_service_model("s3").operation_model("ListObjectsV2").output_shape
    assert shape is not None
    return shape


def as_parsed(shape: Shape, body: bytes, taken: dict[str, Any]) -> dict[str, Any]:
    """Return what botocore makes of an answer and of what was taken out of it."""
    answer = {"status_code": 200, "headers": {}, "body": body, "context": {}}
    parsed: dict[str, Any] = create_parser("rest-xml").parse(answer, shape)
    parsed.update(taken)
    decode_list_object_v2(parsed, {"encoding_type_auto_set": True})
    return parsed


def take(body: bytes, status: int = 200) -> tuple[bytes, dict[str, Any]]:
    """Return the rest of an answer, and what was taken out of it."""
    answer, taken = {"status_code": status, "body": body}, dict[str, Any]()
    take_objects(response_dict=answer, customized_response_dict=taken)
    return answer["body"], taken  # type: ignore[return-value]  # bytes came in


def shown(page: Any) -> list[ObjectInfo]:
    """Return the objects of a page."""
    return list(objects(page, ALL))


@given(ITEMS, st.sampled_from(["", "t&1 <é"]), st.booleans())
def test_a_page_says_the_same_read_here_and_by_botocore(
    answer_shape: Shape, held: list[tuple[str, int, str]], token: str, spaced: bool
) -> None:
    items = "".join(
        item(quote_plus(key.encode("utf-8", "replace")), size=n, more=more) for key, n, more in held
    )
    body = listing(items, more=token.replace("&", "&amp;").replace("<", "&lt;")).body
    if spaced:
        body = body.replace(b"<ListBucketResult", b'<ListBucketResult xmlns="http://s3/"')
    here, there = as_parsed(answer_shape, *take(body)), as_parsed(answer_shape, body, {})
    assert shown(here) == shown(there)
    assert {**here, "Contents": 0} == {**there, "Contents": 0}


def test_the_objects_are_taken_out_of_the_answer() -> None:
    rest, taken = take(listing(item("a") + item("b")).body)
    assert [held["Key"] for held in taken["Contents"]] == ["a", "b"]
    assert b"Contents" not in rest


@given(st.text(max_size=9))
def test_an_address_is_the_bucket_and_the_quoted_name(name: str) -> None:
    key = f"x{name}".replace("/.", "").rstrip("/")
    held = {"Key": key, "Size": 1, "ETag": "e", "LastModified": datetime.now(UTC)}
    assert [info.uri for info in shown({"Contents": [held]})] == [f"s3://b/{quote(key)}"]


@pytest.mark.parametrize("body", [listing(item("a")).body, b"hello"])
def test_the_garbage_collector_goes_on_after_a_page(body: bytes) -> None:
    take(body)
    assert gc.isenabled()


def test_a_garbage_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        take(listing(item("a")).body)
        assert not gc.isenabled()
    finally:
        gc.enable()


FOLDERS = "<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>"
OTHERS = {
    "an error": refusal(200, "SlowDown").body,
    "a page of a proxy": b"<html><Contents><Key>a</Key></Contents></html>",
    "no XML": b"hello",
    "broken off": listing(item("a")).body[:-9],
    "a size that is no number": listing(item("a")).body.replace(b">1<", b">one<"),
    "a time that is none": listing(item("a")).body.replace(b"2024-07", b"soon"),
    "folders": listing(item("a") + FOLDERS).body,
}


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_plain_page_stays_whole(body: bytes) -> None:
    assert take(body) == (body, {})


def test_a_refusal_stays_whole() -> None:
    body = listing(item("a")).body
    assert take(body, status=403) == (body, {})


def test_a_client_reads_pages_here_before_botocore_looks_at_them(aws_chain: None) -> None:
    client = s3_client(AwsAccess(region="us-east-1"))
    for _ in range(2):
        read_quickly(client)
    calls = client.meta.events.emit(
        "before-parse.s3.ListObjectsV2",
        operation_model=client.meta.service_model.operation_model("ListObjectsV2"),
        response_dict={"status_code": 200, "body": listing(item("a")).body, "headers": {}},
        customized_response_dict={},
    )
    assert [handler for handler, _ in calls].index(take_objects) == 0
    assert [handler for handler, _ in calls].count(take_objects) == 1
