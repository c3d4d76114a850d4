"""A stand-in's bucket is after a restart what it was before, whatever its keys are."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from demo.kept import keep, put_back
from demo.local_s3 import LocalS3, local_s3, wired

KEYS = ("corpus/a", "corpus/a/b", "corpus/%2e%2e ", "corpus//x", "corpus/" + "ü" * 200)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalS3]:
    """Give a stand-in."""
    with local_s3() as made:
        yield made


def bucket(server: LocalS3, **objects: bytes) -> LocalS3:
    """Return an empty bucket of its own, or one with these objects."""
    name = f"kept-{uuid.uuid4().hex}"
    made = wired(server.url, bucket=name, queue=name)
    for key, body in objects.items():
        made.s3().put_object(Bucket=name, Key=key, Body=body)
    return made


def contents(here: LocalS3) -> dict[str, bytes]:
    """Return what a bucket holds."""
    client, name = here.s3(), here.bucket
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=name).get("Contents", [])]
    return {key: client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}


def test_nothing_was_kept_before_the_first_time(server: LocalS3, tmp_path: Path) -> None:
    assert put_back(server, tmp_path / "bucket") is None


def test_what_was_kept_is_put_back(server: LocalS3, tmp_path: Path) -> None:
    before = bucket(server, **{key: key.encode() for key in KEYS})
    keep(before, tmp_path)
    after = bucket(server)
    assert put_back(after, tmp_path) == len(KEYS)
    assert contents(after) == {key: key.encode() for key in KEYS}


def test_edits_and_removals_are_kept_too(server: LocalS3, tmp_path: Path) -> None:
    here = bucket(server, a=b"one", b=b"two")
    keep(here, tmp_path)
    here.s3().delete_object(Bucket=here.bucket, Key="a")
    here.s3().put_object(Bucket=here.bucket, Key="b", Body=b"three")
    keep(here, tmp_path)
    after = bucket(server)
    put_back(after, tmp_path)
    assert contents(after) == {"b": b"three"}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_bucket_that_was_emptied_stays_empty(server: LocalS3, tmp_path: Path) -> None:
    keep(bucket(server), tmp_path)
    assert put_back(bucket(server), tmp_path) == 0


def test_an_unchanged_bucket_is_not_written_again(server: LocalS3, tmp_path: Path) -> None:
    here = bucket(server, a=b"one")
    keep(here, tmp_path)
    before = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    keep(here, tmp_path)
    assert {path: path.stat().st_ino for path in tmp_path.iterdir()} == before


def test_a_bucket_that_cannot_be_read_changes_nothing(server: LocalS3, tmp_path: Path) -> None:
    here = bucket(server, a=b"one")
    keep(here, tmp_path)
    here.s3().delete_object(Bucket=here.bucket, Key="a")
    here.s3().delete_bucket(Bucket=here.bucket)
    with pytest.raises(ClientError):
        keep(here, tmp_path)
    assert put_back(bucket(server), tmp_path) == 1


def test_a_damaged_list_says_what_to_do(server: LocalS3, tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text("{")
    with pytest.raises(RuntimeError, match="to begin with the demo corpus again"):
        put_back(server, tmp_path)


def test_a_content_that_is_missing_says_what_to_do(server: LocalS3, tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text('{"objects": {"a": "0123"}}')
    with pytest.raises(RuntimeError, match="to begin with the demo corpus again"):
        put_back(server, tmp_path)
