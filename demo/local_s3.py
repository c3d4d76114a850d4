"""A stand-in for S3 and SQS on this machine: a bucket that tells a queue of its changes."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
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
        return s3_at(self.url)

    def sqs(self) -> "SQSClient":
        """Return a client of the server's queues."""
        return sqs_at(self.url)

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

    It ends with this process, too, should that be killed.
    """
    number = port or _free_port()
    url = f"http://127.0.0.1:{number}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(number)]
    with tied(command, KEYS, log=Path(os.devnull)) as server:
        _wait(url, server)
        yield wired(url)


def s3_at(url: str) -> "S3Client":
    """Return a client for a stand-in."""
    return _session().client("s3", endpoint_url=url)


def sqs_at(url: str) -> "SQSClient":
    """Return a client for the queues of a stand-in."""
    return _session().client("sqs", endpoint_url=url)


def _session() -> "Session":
    import boto3

    return boto3.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], None, REGION)


def wired(url: str, *, bucket: str = BUCKET, queue: str = QUEUE) -> LocalS3:
    """Make a queue, and a bucket that sends it notifications, on a server."""
    sqs = sqs_at(url)
    queue_url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    held = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    s3 = s3_at(url)
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < end:
        try:
            with urlopen(f"{url}/moto-api/data.json", timeout=1) as answer:
                json.load(answer)
                return
        except (URLError, OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError(f"the S3 stand-in did not start at {url}: is the port free?")
