"""The way to S3 and SQS: one client per access and process; botocore loads on first use."""

import functools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.aws_session import open_session

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_ATTEMPTS = 6
"""Of one request, the first included: up to 2 s of waiting in all, up to 31 s when throttled."""
_CLIENT_S = 900.0
"""How long a client serves; keys that were renewed in a file or variable are seen after it."""
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 60
"""Between two pieces of an answer; longer than any long poll of a queue."""
_ANY_REGION = "us-east-1"
"""What S3-compatible stores expect from those who have no regions."""


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Where S3 and SQS are and as whom to go there; secrets stay with boto3's own chain."""

    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    s3_endpoint_url: str | None = None
    sqs_endpoint_url: str | None = None
    connections: int = 32
    """Kept open to one service; asking from more threads works, with fresh connections."""


def access_of(settings: Settings) -> AwsAccess:
    """Return the access that the settings ask for."""
    return AwsAccess(
        region=settings.aws_region,
        profile=settings.aws_profile,
        role_arn=settings.aws_role_arn,
        s3_endpoint_url=settings.s3_endpoint_url,
        sqs_endpoint_url=settings.sqs_endpoint_url,
        connections=max(AwsAccess().connections, settings.read_workers),
    )


def s3_client(access: AwsAccess) -> "S3Client":
    """Return this process's S3 client, safe to share between threads; raises SettingsError."""
    return _s3_client(access, os.getpid(), _era())


def sqs_client(access: AwsAccess) -> "SQSClient":
    """Return this process's SQS client, safe to share between threads; raises SettingsError."""
    return _sqs_client(access, os.getpid(), _era())


@functools.lru_cache(maxsize=4)
def _s3_client(access: AwsAccess, process: int, era: int) -> "S3Client":
    """Connections do not survive a fork, therefore the process is part of the cache's key."""
    import boto3

    core = open_session(access.region, access.profile, role_arn=access.role_arn)
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_time)
    session = boto3.Session(botocore_session=core)
    region = access.region or session.region_name or _ANY_REGION  # AWS redirects to the bucket's
    url = access.s3_endpoint_url
    with _usable():
        return session.client("s3", region, endpoint_url=url, config=_config(access, own=bool(url)))


@functools.lru_cache(maxsize=4)
def _sqs_client(access: AwsAccess, process: int, era: int) -> "SQSClient":
    import boto3

    core = open_session(access.region, access.profile, role_arn=access.role_arn)
    session = boto3.Session(botocore_session=core)
    url = access.sqs_endpoint_url
    region = access.region or session.region_name or (_ANY_REGION if url else None)
    if not region:
        raise SettingsError("the queue's region is unknown: set MMRAG_AWS_REGION (or AWS_REGION)")
    config = _config(access, own=bool(url))
    with _usable():
        return session.client("sqs", region, endpoint_url=url, config=config)


def _era() -> int:
    """Return a number that changes now and then: a client keeps the static keys it began with."""
    return int(time.monotonic() // _CLIENT_S)


@contextmanager
def _usable() -> Iterator[None]:
    """Turn what botocore refuses to make a client from into a SettingsError."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(
            f"no AWS client can be made ({type(error).__name__}): check MMRAG_AWS_REGION, "
            "MMRAG_S3_ENDPOINT_URL and MMRAG_SQS_ENDPOINT_URL"
        ) from None


def read_time(text: str) -> datetime:
    """Read one time of an answer: botocore's own way would be two thirds of a listing's cost."""
    from botocore.utils import parse_timestamp

    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = parse_timestamp(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _config(access: AwsAccess, *, own: bool) -> "Config":
    """Return how to ask; an `own` endpoint gets what every S3-compatible store understands.

    Standard mode asks again, after jittered and growing pauses, on throttling, statuses 500,
    502, 503 and 504, and broken or refused connections; never on a denial or an absent bucket.
    """
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        max_pool_connections=access.connections,
        s3={"addressing_style": "path" if own else "auto"},
        request_checksum_calculation="when_required" if own else "when_supported",
        tcp_keepalive=True,
    )
