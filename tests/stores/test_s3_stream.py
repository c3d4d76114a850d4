"""Reading an object over a connection that breaks, and never a byte of another version."""

import io
from collections.abc import Sequence

import pytest

from mmrag_pipeline.errors import ReadError
from mmrag_pipeline.stores.aws import AwsAccess, s3_client
from mmrag_pipeline.stores.s3_stream import S3Object, S3Stream
from tests.stores.canned_server import Answer, Canned, canned, refusal

DATA = b"0123456789"
ETAG = {"ETag": '"abc"'}
pytestmark = pytest.mark.usefixtures("aws_chain")


def rest(start: int, *, sent: int | None = None) -> Answer:
    """Return the bytes from `start` on."""
    span = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
    return Answer(DATA[start:], 206, {**ETAG, "Content-Range": span}, sent)


def opened(server: Canned) -> S3Stream:
    """Return an object of the server, opened."""
    access = AwsAccess(region="us-east-1", s3_endpoint_url=server.url)
    return S3Stream(S3Object(s3_client(access), "b", "key"))


def failing(answers: Sequence[Answer]) -> tuple[ReadError, int]:
    """Return how reading fails, and how many requests were made."""
    with canned(answers) as server, pytest.raises(ReadError) as caught, opened(server) as stream:
        io.BufferedReader(stream).read()
    return caught.value, len(server.asked)


def test_a_broken_stream_goes_on_where_it_broke() -> None:
    answers = [Answer(DATA, headers=ETAG, sent=4), rest(4, sent=3), rest(7)]
    with canned(answers) as server, opened(server) as stream:
        pieces = iter(lambda: stream.read(2) or b"", b"")
        assert b"".join(pieces) == DATA
        asked = [(held.get("range"), held.get("if-match")) for _, held in server.asked]
    assert asked == [(None, None), ("bytes=4-", '"abc"'), ("bytes=7-", '"abc"')]


def test_a_stream_that_never_gets_on_is_given_up() -> None:
    error, asked = failing([Answer(DATA, headers=ETAG, sent=0), rest(0, sent=0)])
    assert (error.reason, error.transient, asked) == ("unreadable", True, 6)


def test_a_version_that_changes_while_it_is_read_is_not_mixed() -> None:
    error, _ = failing([Answer(DATA, headers=ETAG, sent=4), refusal(412, "PreconditionFailed")])
    assert (error.reason, error.transient) == ("changed", True)


def test_credentials_that_end_while_a_stream_is_read_are_named() -> None:
    error, _ = failing([Answer(DATA, headers=ETAG, sent=4), refusal(400, "ExpiredToken")])
    assert (error.reason, error.transient) == ("unreadable", True)
    assert "renew the credentials" in str(error)


def test_a_permission_that_ends_does_not_pass() -> None:
    error, _ = failing([Answer(DATA, headers=ETAG, sent=4), refusal(403, "AccessDenied")])
    assert (error.reason, error.transient) == ("unreadable", False)
    assert "s3:GetObject" in str(error)


def test_an_object_that_goes_while_it_is_read_has_vanished() -> None:
    error, _ = failing([Answer(DATA, headers=ETAG, sent=4), refusal(404, "NoSuchKey")])
    assert (error.reason, error.transient) == ("vanished", True)


@pytest.mark.parametrize("answer", [Answer(DATA, headers=ETAG), rest(3)])
def test_another_part_than_was_asked_for_is_refused(answer: Answer) -> None:
    error, _ = failing([Answer(DATA, headers=ETAG, sent=4), answer])
    assert "another part" in str(error)


def test_without_an_etag_a_stream_is_not_taken_up_again() -> None:
    error, asked = failing([Answer(DATA, sent=4), rest(4)])
    assert (error.reason, asked) == ("unreadable", 1)


def test_damaged_bytes_are_not_taken_for_the_object() -> None:
    damaged = Answer(DATA, headers={**ETAG, "x-amz-checksum-crc32": "AAAAAA=="})
    error, asked = failing([damaged])
    assert (error.reason, error.transient, asked) == ("unreadable", True, 1)


def test_no_error_shows_what_the_server_says() -> None:
    message = "AKIAIOSFODNN7EXAMPLE"
    error, _ = failing([refusal(403, "AccessDenied", message)])
    assert message not in str(error)
    assert (error.__cause__, error.__suppress_context__) == (None, True)


def test_a_read_of_everything_takes_one_piece_at_a_time() -> None:
    with canned([Answer(bytes(3 << 20), headers=ETAG)]) as server, opened(server) as stream:
        assert stream.readinto(bytearray(3 << 20)) == 1 << 20
