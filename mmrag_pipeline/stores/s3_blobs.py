"""Our own state as objects under a prefix of a bucket (stores.blobs.Blobs)."""

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, cast

from mmrag_pipeline.errors import ListingError, StateUnavailableError
from mmrag_pipeline.stores.aws_errors import aws_errors, cause_of, refusal
from mmrag_pipeline.stores.blobs import Fill, IsExpected, check_name
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_file import ABSENT, S3File, unreachable
from mmrag_pipeline.stores.s3_listing import pages

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

IN_MEMORY_BYTES = 8 * 2**20
"""A blob being written lies on the disk beyond this."""
SINGLE_PUT_BYTES = 64 * 2**20
"""Larger blobs are sent in parts; they appear when the last one is there."""
_PART_BYTES, _PARTS_AT_ONCE = 16 * 2**20, 4
_AT_ONCE = 1_000
"""Keys of one DeleteObjects request: the service's limit."""


class S3Blobs:
    """Objects `s3://BUCKET/PREFIX + name`; a put is atomic and durable when it returns.

    `make_client` is asked at each use: it keeps what is costly to make.
    """

    def __init__(self, make_client: "Callable[[], S3Client]", place: S3Place) -> None:
        self._make_client = make_client
        self._place = place

    def names(self, folder: str) -> list[str]:
        """Return the names of all blobs under a folder, sorted; an absent folder has none.

        The service lists in the order of names, so whoever replaces blobs by another one with
        a later name, which is written first, hides nothing from a listing that goes on meanwhile.
        """
        where = f"{check_name(folder)}/"
        with _reaching(self.shown(where)):
            found = pages(self._client, S3Place(self._place.bucket, self._key(where)))
            keys = [one["Key"] for page in found for one in page.get("Contents", ())]
        start = len(self._place.prefix)
        return sorted(key[start:] for key in keys if not key.endswith("/"))

    def open(self, name: str) -> BinaryIO:
        """Open a blob for reading by ranges, all of the version that is there now."""
        file = S3File(self._client, self._place.bucket, self._key(check_name(name)))
        return cast(BinaryIO, file)  # a RawIOBase is one in all but typeshed's tree

    def write(self, name: str, fill: Fill, *, keep_name: bool = True) -> None:
        """Replace a blob by one put, or by a multipart upload that counts when it is complete."""
        del keep_name  # what the service has confirmed it keeps
        key = self._key(check_name(name))
        with _filled(fill, self.shown(name)) as (file, size), _reaching(self.shown(name)):
            self._send(key, file, size)

    def swap(self, name: str, fill: Fill, is_expected: IsExpected) -> bool:
        """Write a blob by one conditional put: the service compares versions, up to 5 GiB.

        A store that does not know such a put gets a plain one after another look; what is
        written in the milliseconds between the two is lost there.
        """
        where = self.shown(name)
        etag = self._version(name, is_expected)
        if etag is None:
            return False
        with _filled(fill, where) as (file, _), _reaching(where):
            try:
                self._put(name, file, etag)
                return True
            except aws_errors() as error:
                kind = cause_of(error).kind
                if kind not in ("changed", "no_key", "unsupported"):
                    raise
            if kind != "unsupported" or self._version(name, is_expected) is None:
                return False
            file.seek(0)
            self._client.put_object(
                Bucket=self._place.bucket, Key=self._key(check_name(name)), Body=file
            )
            return True

    def delete(self, names: Iterable[str]) -> None:
        """Remove blobs; absent ones are fine."""
        keys = iter([self._key(check_name(name)) for name in names])
        while batch := list(islice(keys, _AT_ONCE)):
            self._delete(batch)

    def shown(self, name: str) -> str:
        """Return the address of a blob."""
        return f"{self._place}/{name}"

    @property
    def _client(self) -> "S3Client":
        return self._make_client()  # which knows when a process needs one of its own

    def _key(self, name: str) -> str:
        return f"{self._place.prefix}{name}"

    def _version(self, name: str, is_expected: IsExpected) -> str | None:
        """Return the ETag of an expected blob, empty for none at all; None for another blob."""
        try:
            file = S3File(self._client, self._place.bucket, self._key(check_name(name)))
        except FileNotFoundError:
            return "" if is_expected(None) else None
        try:
            with file:
                return file.etag if is_expected(cast(BinaryIO, file)) else None
        except FileNotFoundError:  # replaced while it was read
            return None

    def _put(self, name: str, file: BinaryIO, etag: str) -> None:
        """Write a blob in the place of one version, or where none is yet."""
        bucket, key = self._place.bucket, self._key(name)
        if etag:
            self._client.put_object(Bucket=bucket, Key=key, Body=file, IfMatch=etag)
        else:
            self._client.put_object(Bucket=bucket, Key=key, Body=file, IfNoneMatch="*")

    def _send(self, key: str, file: BinaryIO, size: int) -> None:
        if size <= SINGLE_PUT_BYTES:
            self._client.put_object(Bucket=self._place.bucket, Key=key, Body=file)
        else:
            self._send_parts(key, file)

    def _send_parts(self, key: str, file: BinaryIO) -> None:
        from boto3.s3.transfer import TransferConfig

        parts = TransferConfig(
            multipart_threshold=SINGLE_PUT_BYTES,
            multipart_chunksize=_PART_BYTES,
            max_concurrency=_PARTS_AT_ONCE,
        )
        self._client.upload_fileobj(file, self._place.bucket, key, Config=parts)

    def _delete(self, keys: Sequence[str]) -> None:
        where = f"{self._place} ({len(keys)} objects to delete)"
        with _reaching(where):
            answer = self._client.delete_objects(
                Bucket=self._place.bucket,
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            )
        refused = [error.get("Code", "") for error in answer.get("Errors", ())]
        for code in refused:
            if code != ABSENT:
                raise unreachable(where, refusal(code, "DeleteObjects"))


@contextmanager
def _reaching(where: str) -> Iterator[None]:
    """Say it in our words when the service refuses or cannot be reached."""
    try:
        yield
        return
    except ListingError as error:
        raise StateUnavailableError(f"{error}") from None
    except aws_errors() as error:
        cause = cause_of(error)
    raise unreachable(where, cause)


@contextmanager
def _filled(fill: Fill, where: str) -> Iterator[tuple[BinaryIO, int]]:
    """Give a temporary file with a whole blob in it, and its size."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spool:
        file = cast(BinaryIO, spool)
        with _having_room(where):
            fill(file)
            size = file.seek(0, io.SEEK_END)
        file.seek(0)
        yield file, size


@contextmanager
def _having_room(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateUnavailableError(
            f"{where} could not be made ready in a temporary file ({error.strerror or error}): "
            f"nothing was changed; make room in {tempfile.gettempdir()!r} and run again"
        ) from error
