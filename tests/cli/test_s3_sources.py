"""`mmrag index` of buckets: a slip of the pen empties nothing and replaces no good mapping."""

from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import Bench, Said
from tests.stores.moto_server import REGION, server_url

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class _Remote:
    """A state folder and a bucket with the cards of one domain."""

    def __init__(self, bench: Bench, s3: "S3Client", bucket: str) -> None:
        self.bench, self.s3, self.bucket = bench, s3, bucket
        self.place = f"s3://{bucket}/corpus/cards"
        self.put("corpus/cards/tree.txt")

    def put(self, key: str) -> None:
        """Put a text under a key."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"Plant the apple tree in autumn.")

    def mmrag(self, *arguments: str, **environment: str) -> Said:
        """Run a command that finds the bucket."""
        there = {"MMRAG_S3_ENDPOINT_URL": server_url(), "MMRAG_AWS_REGION": REGION}
        return self.bench.mmrag(*arguments, **there, **environment)

    def points(self) -> int:
        """Return how many points the domain `el` has."""
        return int(self.mmrag("status", "--json").json["domains"]["el"]["points"])

    def mapping(self) -> str:
        """Return what the list of sources holds."""
        return (self.bench.home / "sources.json").read_text()


@pytest.fixture
def remote(empty: Bench, s3: "S3Client", bucket: str) -> _Remote:
    """Give the bucket, not indexed yet."""
    return _Remote(empty, s3, bucket)


def test_a_mistyped_prefix_empties_no_domain_and_is_not_remembered(remote: _Remote) -> None:
    assert remote.mmrag("index", "--source", remote.place, "--domain", "el").code == 0
    known, typo = remote.mapping(), f"s3://{remote.bucket}/corpus/typo"
    said = remote.mmrag("index", "--source", typo, "--domain", "el")
    assert (said.code, remote.points(), remote.mapping()) == (1, 1, known)
    assert f"error: {typo} holds no object" in said.err
    assert f"{remote.place}/tree.txt" in said.err
    named = {"MMRAG_SOURCE_ROOT": typo, "MMRAG_SOURCE_DOMAIN": "el"}
    assert (remote.mmrag("index", **named).code, remote.points()) == (1, 1)


def test_a_bucket_that_is_not_there_replaces_no_good_mapping(remote: _Remote) -> None:
    assert remote.mmrag("index", "--source", remote.place, "--domain", "el").code == 0
    said = remote.mmrag("index", "--source", "s3://no-such-bucket/corpus", "--domain", "el")
    assert (said.code, "no-such-bucket" in remote.mapping()) == (1, False)
    assert "there is no such bucket" in said.err
    assert remote.mmrag("index").code == 0


def test_a_domain_is_emptied_by_taking_all_objects_away(remote: _Remote) -> None:
    assert remote.mmrag("index", "--source", remote.place, "--domain", "el").code == 0
    remote.s3.delete_object(Bucket=remote.bucket, Key="corpus/cards/tree.txt")
    said = remote.mmrag("index", "--source", remote.place, "--domain", "el", "--json")
    assert (said.code, said.json["points"], said.json["changes"]["deleted"]) == (0, 0, 1)
    assert remote.mmrag("index").code == 0


@pytest.mark.parametrize("command", ["index", "plan"])
def test_a_first_index_of_an_empty_prefix_is_refused(remote: _Remote, command: str) -> None:
    void = f"s3://{remote.bucket}/void"
    said = remote.mmrag(command, "--source", void, "--domain", "el")
    assert (
        said.err
        == f"error: '{void}' holds no object: check bucket and prefix, or put a file there first\n"
    )
    assert (said.code, remote.bench.home.exists()) == (1, False)


def test_folders_that_can_be_no_domain_are_told_together_and_stop_nothing(remote: _Remote) -> None:
    for key in ("corpus//x.txt", "corpus/../y.txt"):
        remote.put(key)
    said = remote.mmrag("index", "--source", f"s3://{remote.bucket}/corpus", "--json")
    assert (said.code, said.json["domains"]) == (0, ["cards"])
    told = f"2 folders cannot name a domain and are left out, for one 's3://{remote.bucket}/corpus/../'"
    assert told in said.json["warnings"][-1]
    assert f"'s3://{remote.bucket}/corpus//'" in said.json["warnings"][-1]
    again = remote.mmrag("plan")
    assert (again.code, "sources.json" in again.err) == (0, False)
    unknown = remote.mmrag("index", "--domain", "wildlife")
    assert unknown.err.startswith("error: no source has a domain 'wildlife'; known: cards.")
