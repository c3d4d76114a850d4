"""A stand-in for S3 and SQS on this machine: a bucket that tells a queue of its changes."""

import os
import shlex
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from demo.tied import tied

if TYPE_CHECKING:
    from boto3 import Session
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

BUCKET = "mmrag-demo"
PREFIX = "corpus"
QUEUE = "mmrag-events"
REGION = "us-east-1"
_START_S = 60.0
KEYS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
}
"""What the stand-in accepts: anything."""


@dataclass(frozen=True, slots=True)
class LocalS3:
    """A server that was started, and what it holds."""

    url: str
    queue_url: str
    bucket: str = BUCKET

    def environment(self) -> Mapping[str, str]:
        """Return the variables that point mmrag, boto3 and the aws command line here."""
        return {
            **KEYS,
            "AWS_ENDPOINT_URL": self.url,
            "MMRAG_S3_ENDPOINT_URL": self.url,
            "MMRAG_SQS_ENDPOINT_URL": self.url,
            "MMRAG_AWS_REGION": REGION,
            "MMRAG_QUEUE_URL": self.queue_url,
            "MMRAG_SOURCE_ROOT": f"s3://{self.bucket}/{PREFIX}",
        }

    def s3(self) -> "S3Client":
        """Return a client of the server."""
        return _s3_at(self.url)

    def sqs(self) -> "SQSClient":
        """Return a client of the server's queues."""
        return _sqs_at(self.url)

    def load(self, folder: Path) -> int:
        """Upload a folder of domains; return how many files it has."""
        client, files = self.s3(), sorted(p for p in folder.rglob("*") if p.is_file())
        for path in files:
            key = f"{PREFIX}/{path.relative_to(folder).as_posix()}"
            client.upload_file(str(path), self.bucket, key)
        return len(files)


@contextmanager
def local_s3(port: int = 0) -> Iterator[LocalS3]:
    """Start the server in a process of its own, wire bucket and queue, stop it at the end.

    It ends with this process, too, should that be killed. Raises RuntimeError when another
    program has the port.
    """
    number = port or free_port()
    url, secret = f"http://127.0.0.1:{number}", uuid.uuid4().hex
    program = Path(__file__).with_name("stand_in.py")
    command = [sys.executable, "-P", str(program), str(number), secret]
    with tied(command, KEYS, log=Path(os.devnull)) as server:
        if not _answers(f"{url}/{secret}", server):
            _check_free(number)
            raise RuntimeError(
                f"the S3 stand-in did not start at {url}: `{shlex.join(command)}` says why"
            )
        yield wired(url)


def free_port(preferred: int = 0) -> int:
    """Return a port of this machine that nobody listens on, the preferred one if it is free."""
    try:
        return _bound(preferred)
    except OSError:
        return _bound(0)


def wired(url: str, *, bucket: str = BUCKET, queue: str = QUEUE) -> LocalS3:
    """Make a queue, and a bucket that sends it notifications, on a server."""
    sqs = _sqs_at(url)
    queue_url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    held = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    s3 = _s3_at(url)
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": held["Attributes"]["QueueArn"],
                    "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                }
            ]
        },
    )
    return LocalS3(url, queue_url, bucket)


def _bound(port: int) -> int:
    """Return the port that can be listened on; raises OSError when it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        probe.bind(("127.0.0.1", port))
        probe.listen()
        number: int = probe.getsockname()[1]
        return number


def _check_free(port: int) -> None:
    try:
        _bound(port)
    except OSError as error:
        raise RuntimeError(
            f"port {port} is in use by another program ({error.strerror}): end it, which may be "
            "another `make dev-s3`, and start again"
        ) from error


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Return whether an address answers in time and before its server ends."""
    end = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < end:
        with suppress(OSError), urlopen(address, timeout=1):
            return True
        time.sleep(0.1)
    return False


@cache
def _session() -> "Session":
    """Return what makes clients for a stand-in: their descriptions are read once."""
    import boto3

    return boto3.Session(
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def _s3_at(url: str) -> "S3Client":
    return _session().client("s3", endpoint_url=url)


def _sqs_at(url: str) -> "SQSClient":
    return _session().client("sqs", endpoint_url=url)
