"""Reaching AWS: whose credentials, which settings to change, and nothing before it is needed."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.errors import ListingError, SettingsError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.aws import AwsAccess, access_of, read_time, s3_client, sqs_client
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_objects import S3Objects
from tests.stores.canned_server import Answer, canned, listing
from tests.stores.moto_server import server_url

pytestmark = pytest.mark.usefixtures("aws_chain")
ROLE = "arn:aws:iam::123456789012:role/reader"
PROFILES = """
[profile here]
region = eu-west-1
aws_access_key_id = AKIAPROFILE234567AAA
aws_secret_access_key = other-secret
"""


def signer(access_key: AwsAccess, *, answers: tuple[Answer, ...] = (listing(),)) -> str:
    """Return as whom a request is signed."""
    with canned(answers) as server:
        access = AwsAccess(
            access_key.region, access_key.profile, access_key.role_arn, s3_endpoint_url=server.url
        )
        S3Objects(lambda: s3_client(access)).claims(S3Place("bucket"))
        return server.asked[0][1]["authorization"].partition("Credential=")[2].partition(",")[0]


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the tests' credentials away."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a configuration file with the profile `here`."""
    path = tmp_path / "config"
    path.write_text(PROFILES)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))


def test_the_access_is_what_the_settings_say() -> None:
    settings = Settings(aws_region="eu-west-1", aws_profile="here", read_workers=64)
    assert access_of(settings) == AwsAccess("eu-west-1", "here", connections=64)


def test_one_access_has_one_client() -> None:
    access = AwsAccess(region="eu-west-1")
    assert s3_client(access) is s3_client(AwsAccess(region="eu-west-1"))
    assert s3_client(access) is not s3_client(AwsAccess(region="eu-west-2"))


def test_requests_are_signed_with_the_chains_credentials() -> None:
    assert signer(AwsAccess(region="eu-west-1")).startswith("AKIATESTING234567AAA/")


def test_a_profile_of_the_settings_wins_over_the_environment(profiles: None) -> None:
    scope = signer(AwsAccess(profile="here"))
    assert scope.startswith("AKIAPROFILE234567AAA/")
    assert "/eu-west-1/s3/" in scope


def test_a_profile_that_is_not_there_is_named(profiles: None) -> None:
    with pytest.raises(SettingsError, match=r"'elsewhere'.*MMRAG_AWS_PROFILE"):
        s3_client(AwsAccess(profile="elsewhere"))


def test_a_damaged_configuration_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_text("no section\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    with pytest.raises(SettingsError, match="configuration files cannot be read"):
        s3_client(AwsAccess(region="eu-west-3"))


def test_credentials_that_come_later_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    access = AwsAccess(region="eu-north-1")
    with monkeypatch.context() as without:
        without_credentials(without)
        with pytest.raises(SettingsError, match="MMRAG_AWS_PROFILE"):
            s3_client(access)
    assert s3_client(access)


def test_a_queue_needs_a_region() -> None:
    with pytest.raises(SettingsError, match="MMRAG_AWS_REGION"):
        sqs_client(AwsAccess())
    assert sqs_client(AwsAccess(sqs_endpoint_url="http://127.0.0.1:9"))


@pytest.mark.parametrize("access", [AwsAccess("eu west"), AwsAccess(s3_endpoint_url="http://")])
def test_what_no_client_can_be_made_from_is_named(access: AwsAccess) -> None:
    with pytest.raises(SettingsError, match="MMRAG_AWS_REGION"):
        s3_client(access)


def test_a_store_of_ones_own_needs_no_region() -> None:
    assert "/us-east-1/s3/" in signer(AwsAccess())


def test_a_role_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server_url())
    assert signer(AwsAccess(region="us-east-1", role_arn=ROLE)).startswith("ASIA")


def test_a_role_that_may_not_be_assumed_lists_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = "<Code>AccessDenied</Code><Message>AKIATESTING234567AAA may not</Message>"
    denied = Answer(f"<ErrorResponse><Error>{said}</Error></ErrorResponse>".encode(), 403)
    access = AwsAccess(region="us-east-1", role_arn=ROLE)
    with canned([denied]) as sts, monkeypatch.context() as there:
        there.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        with pytest.raises(ListingError) as caught:
            S3Objects(lambda: s3_client(access)).claims(S3Place("bucket"))
    assert "sts:AssumeRole" in str(caught.value)
    assert "AKIA" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    "text", ["2024-07-01T10:20:30.000Z", "Mon, 01 Jul 2024 10:20:30 GMT", "1719829230"]
)
def test_times_of_answers_are_read_in_every_spelling(text: str) -> None:
    assert read_time(text) == datetime(2024, 7, 1, 10, 20, 30, tzinfo=UTC)


def test_nobody_without_a_bucket_pays_for_boto3() -> None:
    code = "import sys, mmrag_pipeline.stores.s3_objects; print('boto' in str(sys.modules.keys()))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.strip() == b"False"
