"""One object of a bucket as a file: bounded memory, and a broken stream is taken up again."""

import io
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import ReadError
from mmrag_pipeline.stores.aws_errors import Cause, Kind, aws_errors, cause_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

_PIECE_BYTES = 1 << 20
_BREAKS = 5
"""Of one stream, before its object counts as unreadable for now; up to 3 s of waiting."""
_PAUSE_S = 0.05
REASONS: Mapping[Kind, str] = {"no_key": "vanished", "changed": "changed", "archived": "archived"}


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object to read."""

    client: "S3Client"
    bucket: str
    key: str

    def get(self, start: int, etag: str) -> "GetObjectOutputTypeDef":
        """Ask for the bytes from `start` on, of that version only; raises ReadError."""
        request: GetObjectRequestTypeDef = {"Bucket": self.bucket, "Key": self.key}
        if etag:
            request["IfMatch"] = f'"{etag}"'
        if start:
            request["Range"] = f"bytes={start}-"
        try:
            answer = self.client.get_object(**request)
        except aws_errors() as error:
            raise self.error(cause_of(error)) from None
        if start and not answer.get("ContentRange", "").startswith(f"bytes {start}-"):
            raise self.error(Cause("other", "the service gave another part than was asked for"))
        return answer

    def error(self, cause: Cause) -> ReadError:
        """Return the error that a cause is for this object."""
        return ReadError(
            f"{self.key!r:.300} in bucket {self.bucket!r} could not be read: {cause.text}",
            reason=REASONS.get(cause.kind, "unreadable"),
            transient=cause.may_pass,
        )


class S3Stream(io.RawIOBase):
    """The bytes of one version of an object, from its first to its last.

    What a broken connection cut off is asked for again, from where it broke and of the same
    version. Opening and reading raise ReadError, never an error of botocore.
    """

    def __init__(self, source: S3Object, *, etag: str = "") -> None:
        """Open the object; with an `etag` (without quotes) only that version of it."""
        super().__init__()
        self._source = source
        self._position = self._breaks = 0
        answer = source.get(0, etag)
        self._etag = answer.get("ETag", "").strip('"')
        self._size = answer.get("ContentLength", 0)
        self._version = answer.get("VersionId")
        self._body = answer["Body"]

    @property
    def version(self) -> str | None:
        """Return the version that is read, None in a bucket that keeps none."""
        return self._version

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill (part of) a buffer; return the number of bytes, 0 at the end."""
        view = memoryview(buffer).cast("B")
        while True:
            try:
                piece = self._body.read(min(len(view), _PIECE_BYTES))
            except aws_errors() as error:
                self._resume(cause_of(error))
            else:
                view[: len(piece)] = piece
                self._position += len(piece)
                return len(piece)

    def close(self) -> None:
        """Give the connection up."""
        if not self.closed and hasattr(self, "_body"):
            self._body.close()
        super().close()

    def _resume(self, cause: Cause) -> None:
        """Go on where the stream broke; raises ReadError where that cannot end well.

        Trouble after the last byte is a wrong checksum: the bytes themselves are in doubt.
        """
        self._body.close()
        self._breaks += 1
        known = self._etag and self._position < self._size
        if cause.kind != "transient" or self._breaks > _BREAKS or not known:
            raise self._source.error(cause) from None
        time.sleep(random.uniform(0, _PAUSE_S * 2**self._breaks))  # noqa: S311 - only a jitter
        self._body = self._source.get(self._position, self._etag)["Body"]
