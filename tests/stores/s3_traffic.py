"""What a client of S3 fetches, and trouble on its way: botocore's own events, nothing replaced."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.response import StreamingBody

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Answer = tuple[AWSResponse, Mapping[str, object]]


@dataclass(slots=True)
class Traffic:
    """How many requests were answered, and the bytes of the objects that came back."""

    requests: list[str] = field(default_factory=list)
    bytes_read: int = 0


@contextmanager
def watched(client: "S3Client") -> Iterator[Traffic]:
    """Count what a client does inside the block."""
    traffic = Traffic()

    def count(*, model: object, parsed: Mapping[str, object], **_: object) -> None:
        name = str(getattr(model, "name", ""))
        traffic.requests.append(name)
        if name == "GetObject":
            traffic.bytes_read += int(str(parsed.get("ContentLength", 0)))

    with _hooked(client, "after-call.s3", count):
        yield traffic


@contextmanager
def refusing(
    client: "S3Client", operation: str, code: str, status: int, *, header: str = ""
) -> Iterator[None]:
    """Let every request of one operation, or those with some header, end with an error."""

    def refuse(*, params: Mapping[str, Any], **_: object) -> Answer | None:
        if header and header not in params["headers"]:
            return None
        parsed = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return AWSResponse("", status, HTTPHeaders(), None), parsed

    with _hooked(client, f"before-call.s3.{operation}", refuse):
        yield


@contextmanager
def breaking(client: "S3Client", *, keep: int) -> Iterator[None]:
    """Let every answer with more bytes than `keep` break off behind them."""

    def cut(*, parsed: dict[str, object], **_: object) -> None:
        body = parsed.get("Body")
        size = int(str(parsed.get("ContentLength", 0)))
        if isinstance(body, StreamingBody) and size > keep:
            parsed["Body"] = StreamingBody(io.BytesIO(body.read()[:keep]), size)

    with _hooked(client, "after-call.s3.GetObject", cut):
        yield


@contextmanager
def short_pages(
    client: "S3Client", *, after_first: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Let listings come three names at a time, and something happen behind the first three."""

    def shorten(*, params: dict[str, object], **_: object) -> None:
        if "ContinuationToken" in params:
            after_first()
        params["MaxKeys"] = 3

    with _hooked(client, "before-parameter-build.s3.ListObjectsV2", shorten):
        yield


@contextmanager
def _hooked(client: "S3Client", event: str, handler: Callable[..., Any]) -> Iterator[None]:
    events = client.meta.events
    events.register(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)
