"""One object of a bucket as a file for reading: only the ranges that are asked for travel."""

import io
import re
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.stores.aws_errors import Cause, aws_errors, cause_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

AHEAD_BYTES = 65_536
"""Of the end, read at opening, and at least as much at a time: a Parquet footer is one request."""
_PIECE_BYTES = 2**20
ABSENT = "NoSuchKey"
"""The only word for an absent object: a mere 404 may be that of a gateway on the way."""
_IDLE_ATTEMPTS = 3
"""How often an answer may break off before it has brought anything."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class S3File(io.RawIOBase):
    """An object as it was when it was opened.

    Its end comes with the first request, which also tells size and version. Later requests
    ask for that version only: once the object has been replaced or deleted they raise
    FileNotFoundError, since a bucket need not keep old versions. All other trouble is
    StateUnavailableError; an answer that breaks off is resumed where it ended.
    """

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        super().__init__()
        self._client, self._bucket, self._key = client, bucket, key
        self._etag, self._at, self._size = "", 0, 0
        self._end, self._ahead = (0, b""), (0, b"")
        self._open()

    @property
    def etag(self) -> str:
        """Return the version that is read, as the service calls it, quotes and all."""
        return self._etag

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be sought in; that costs no request."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, counted from the start, from here or from the end."""
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise ValueError(f"cannot seek to {at}: it lies before the start of the file")
        self._at = at
        return at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer whole, or as far as the file goes; return how many bytes that were."""
        view = memoryview(buffer).cast("B")[: max(self._size - self._at, 0)]
        done = 0
        while done < len(view):
            done += self._some(view[done:])
        return done

    def readall(self) -> bytes:
        """Return the rest: one request, or none when it is the end that was read at opening."""
        rest = bytearray(max(self._size - self._at, 0))
        self.readinto(rest)
        return bytes(rest)

    def _some(self, view: memoryview) -> int:
        """Fill the start of `view` from what is held, or get more; return how many bytes."""
        for start, held in (self._end, self._ahead):
            if start <= self._at < start + len(held):
                piece = held[self._at - start :][: len(view)]
                view[: len(piece)] = piece
                self._at += len(piece)
                return len(piece)
        before_end = self._end[0] - self._at
        if len(view) < AHEAD_BYTES:
            self._ahead = (self._at, self._bytes(self._at, min(AHEAD_BYTES, before_end)))
            return 0
        wanted = view[:before_end]
        self._pour(wanted, self._at)
        self._at += len(wanted)
        return len(wanted)

    def _open(self) -> None:
        """Get the end, size and version; an empty object has no range, and is asked for whole."""
        answer = self._answer(f"bytes=-{AHEAD_BYTES}", pinned=False)
        answer = answer or self._answer("", pinned=False)
        if answer is None:
            raise self._unreachable(Cause("other", "the store gives no part of it"))
        self._etag = answer.get("ETag", "")
        if not self._etag:
            raise self._unreachable(Cause("other", "the store gives its objects no ETag"))
        found = _RANGE.fullmatch(answer.get("ContentRange", ""))
        start, self._size = map(int, found.groups()) if found else (0, answer["ContentLength"])
        end = bytearray(self._size - start)
        done = _drain(answer["Body"], memoryview(end))
        self._pour(memoryview(end)[done:], start + done)
        self._end = (start, bytes(end))

    def _bytes(self, start: int, count: int) -> bytes:
        held = bytearray(count)
        self._pour(memoryview(held), start)
        return bytes(held)

    def _pour(self, view: memoryview, start: int) -> None:
        """Fill `view` with what begins at `start`, asking again for what did not come."""
        done = idle = 0
        while done < len(view):
            first, last = start + done, start + len(view) - 1
            answer = self._answer(f"bytes={first}-{last}")
            if answer is None or not answer.get("ContentRange", "").startswith(f"bytes {first}-"):
                raise self._unreachable(Cause("other", "the store does not heed the header Range"))
            came = _drain(answer["Body"], view[done:])
            done, idle = done + came, 0 if came else idle + 1
            if idle == _IDLE_ATTEMPTS:
                raise self._unreachable(Cause("transient", "its answers break off", may_pass=True))

    def _answer(self, span: str, *, pinned: bool = True) -> "GetObjectOutputTypeDef | None":
        """Return what the service answers, None when it says that there is no such range."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._key}
        if span:
            request["Range"] = span
        if pinned:
            request["IfMatch"] = self._etag
        try:
            return self._client.get_object(**request)
        except aws_errors() as error:
            if _code(error) == "InvalidRange":
                return None
            absent = _code(error) == ABSENT
            cause = cause_of(error)
        if absent or cause.kind == "changed":
            when = "was replaced or deleted while it was read" if pinned else "is absent"
            raise FileNotFoundError(f"s3://{self._bucket}/{self._key} {when}")
        raise self._unreachable(cause)

    def _unreachable(self, cause: Cause) -> StateUnavailableError:
        return unreachable(f"s3://{self._bucket}/{self._key}", cause)


def unreachable(where: str, cause: Cause) -> StateUnavailableError:
    """Return the error for state in S3 that could not be reached, for the reason given."""
    return StateUnavailableError(
        f"{where} could not be reached: {cause.text}. Nothing was changed; run again once that is "
        "mended",
        may_pass=cause.may_pass,
        cause=cause.text.partition(": ")[2],  # whatever the request was
    )


def _code(error: Exception) -> str:
    from botocore.exceptions import ClientError

    return error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""


def _drain(body: "StreamingBody", view: memoryview) -> int:
    """Fill the start of `view` with an answer's bytes, as many as come; return how many."""
    done = 0
    with suppress(*aws_errors()), closing(body):  # the caller asks for what did not come
        while done < len(view):
            piece = body.read(min(_PIECE_BYTES, len(view) - done))
            if not piece:
                break
            view[done : done + len(piece)] = piece
            done += len(piece)
    return done
