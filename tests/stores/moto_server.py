"""S3, SQS and STS on loopback, in a process of their own that lives as long as the tests do.

A folder's `conftest.py` imports the fixtures that its tests use; one server serves them all.
"""

import atexit
import functools
import os
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from mmrag_pipeline.stores.aws import AwsAccess, s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
_SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(*server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
"""
"""It ends when its input does: with the tests, however they end."""


@functools.cache
def server_url() -> str:
    """Return the address of the server, started on first use."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MMRAG_", "MOTO_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean,
        text=True,
    )
    atexit.register(process.communicate)
    assert process.stdout is not None
    host, port = process.stdout.readline().split()
    return f"http://{host}:{port}"


def aws_environment() -> dict[str, str]:
    """Return variables that give boto3's chain credentials, and nothing else to look at."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIATESTING234567AAA",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def aws_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3's chain find the tests' credentials and nothing of the person who runs them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in aws_environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws(aws_chain: None) -> AwsAccess:
    """Give the access to the server."""
    url = server_url()
    return AwsAccess(region=REGION, s3_endpoint_url=url, sqs_endpoint_url=url)


@pytest.fixture
def s3(aws: AwsAccess) -> "S3Client":
    """Give a client of the server."""
    return s3_client(aws)


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    """Give a bucket of the test's own, empty."""
    name = f"mmrag-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name
