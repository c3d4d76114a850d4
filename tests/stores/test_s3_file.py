"""One object as a file: which ranges travel, and what happens to them on the way."""

import io
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.stores.s3_file import AHEAD_BYTES, S3File
from tests.stores.s3_traffic import breaking, refusing, watched

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = os.urandom(700_000)
PLACES = st.integers(0, len(DATA) + 5)


@pytest.fixture
def stored(s3: "S3Client", bucket: str) -> str:
    """Give the bucket of an object `x`."""
    s3.put_object(Bucket=bucket, Key="x", Body=DATA)
    return bucket


def test_the_end_costs_one_request(s3: "S3Client", stored: str) -> None:
    with watched(s3) as traffic, S3File(s3, stored, "x") as file:
        file.seek(-1_000, io.SEEK_END)
        assert file.read() == DATA[-1_000:]
    assert traffic.requests == ["GetObject"]
    assert traffic.bytes_read == AHEAD_BYTES


def test_reading_all_costs_two_requests_and_no_byte_twice(s3: "S3Client", stored: str) -> None:
    with watched(s3) as traffic, S3File(s3, stored, "x") as file:
        assert file.read() == DATA
    assert traffic.requests == ["GetObject"] * 2
    assert traffic.bytes_read == len(DATA)


def test_small_reads_in_a_row_are_not_a_request_each(s3: "S3Client", stored: str) -> None:
    with watched(s3) as traffic, S3File(s3, stored, "x") as file:
        assert b"".join(file.read(100) for _ in range(600)) == DATA[:60_000]
    assert traffic.requests == ["GetObject"] * 2


@given(st.lists(st.tuples(PLACES, st.integers(0, 200_000)), max_size=8))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_reads_give_what_a_file_gives(
    s3: "S3Client", stored: str, reads: list[tuple[int, int]]
) -> None:
    with S3File(s3, stored, "x") as file:
        for start, count in reads:
            file.seek(start)
            assert file.read(count) == DATA[start : start + count]


@pytest.mark.parametrize("keep", [20_000, 70_000])
def test_answers_that_break_off_are_resumed(s3: "S3Client", stored: str, keep: int) -> None:
    with breaking(s3, keep=keep), S3File(s3, stored, "x") as file:
        file.seek(len(DATA) - 200_000)
        assert file.read() == DATA[-200_000:]


def test_answers_that_never_bring_anything_end(s3: "S3Client", stored: str) -> None:
    with (
        breaking(s3, keep=0),
        pytest.raises(StateUnavailableError, match="break off") as raised,
    ):
        S3File(s3, stored, "x")
    assert raised.value.may_pass


@pytest.mark.parametrize("deleted", [False, True])
def test_an_object_that_is_another_one_by_now_is_not_read_on(
    s3: "S3Client", stored: str, deleted: bool
) -> None:
    with S3File(s3, stored, "x") as file:
        if deleted:
            s3.delete_object(Bucket=stored, Key="x")
        else:
            s3.put_object(Bucket=stored, Key="x", Body=DATA[::-1])
        with pytest.raises(FileNotFoundError, match="while it was read"):
            file.read(10)
        file.seek(-10, io.SEEK_END)
        assert file.read() == DATA[-10:]


def test_an_object_without_any_range_is_empty(s3: "S3Client", stored: str) -> None:
    etag = s3.put_object(Bucket=stored, Key="empty")["ETag"]
    with refusing(s3, "GetObject", "InvalidRange", 416, header="Range"):
        file = S3File(s3, stored, "empty")
    assert (file.read(), file.etag) == (b"", etag)


def test_trouble_in_mid_read_is_not_absence(s3: "S3Client", stored: str) -> None:
    with (
        S3File(s3, stored, "x") as file,
        refusing(s3, "GetObject", "AccessDenied", 403),
        pytest.raises(StateUnavailableError, match="AccessDenied"),
    ):
        file.read(10)


def test_a_place_before_the_start_is_refused(s3: "S3Client", stored: str) -> None:
    with S3File(s3, stored, "x") as file, pytest.raises(ValueError, match="before the start"):
        file.seek(-len(DATA) - 1, io.SEEK_END)
