"""Buckets as a source of objects: complete or an error; keys are data, whatever they spell."""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

from mmrag_pipeline.errors import ReadError, SettingsError
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.domains import Claims, Domain
from mmrag_pipeline.stores.places import Place
from mmrag_pipeline.stores.s3_listing import (
    full_key,
    is_hidden,
    listing,
    look_up,
    objects,
    pages,
    s3_place,
)
from mmrag_pipeline.stores.s3_stream import S3Object, S3Stream

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOOKUPS = 16
"""Asked keys that are looked up at the same time."""
_BUFFER_BYTES = 1 << 16


class _Buffered(io.BufferedReader):
    """An object's bytes by larger pieces (ports.Versioned)."""

    def __init__(self, stream: S3Stream) -> None:
        super().__init__(stream, _BUFFER_BYTES)
        self.version = stream.version


class S3Objects:
    """Objects under prefixes of buckets.

    Zero-byte folder markers (`x/`) and names that begin with a dot are left out at every level,
    as they are in folders; `.` and `..` are names like others here. An etag is S3's own, `@`
    and the second of the last change.
    """

    def __init__(self, client: Callable[[], "S3Client"]) -> None:
        """Take what gives the client, so that nothing connects before it is needed."""
        self._client = client

    def claims(self, root: Place) -> Claims:
        """Return the first parts of the keys under a root, and whether it has loose objects.

        Raises ListingError.
        """
        loose = False
        folders: list[str] = []
        top = Domain(root, shallow=True)
        place = s3_place(top)
        with listing(place):
            for page in pages(self._client(), place, delimiter="/"):
                loose = loose or any(objects(page, top))
                names = (held.get("Prefix", "") for held in page.get("CommonPrefixes", ()))
                folders += [name.removeprefix(place.prefix)[:-1] for name in names]
        return Claims([name for name in folders if not is_hidden(name)], loose)

    def walk(self, domain: Domain, keys: Sequence[str] | None = None) -> Iterator[ObjectInfo]:
        """Yield every object of a domain, or those there are of `keys`; raises ListingError.

        A key is looked up by a listing, too, so that it shows the same either way and needs the
        same permission; one that no listing shows is absent.
        """
        place = s3_place(domain)
        with listing(place):
            client = self._client()
            if keys is not None:
                yield from _asked(client, domain, keys)
                return
            for page in pages(client, place, delimiter="/" if domain.shallow else ""):
                yield from objects(page, domain)

    def open(self, domain: Domain, key: str, *, etag: str = "") -> BinaryIO:
        """Open one object, only the version of a listing's `etag` if given; raises ReadError.

        Reasons: `vanished` and `changed` (transient), `archived`, `unreadable` (transient where
        the network, the service or stale credentials are to blame). Reading raises them, too.
        """
        name = full_key(domain, key)
        if name is None:
            raise ReadError(
                f"{key!r:.300} is not in {domain.place}: no listing shows such a key",
                reason="vanished",
                transient=True,
            )
        source = S3Object(self._reader(key), s3_place(domain).bucket, name)
        return _Buffered(S3Stream(source, etag=etag.rpartition("@")[0]))

    def _reader(self, key: str) -> "S3Client":
        try:
            return self._client()
        except SettingsError as error:
            raise ReadError(
                f"{key!r:.300} could not be read: {error}", reason="unreadable", transient=True
            ) from error


def _asked(client: "S3Client", domain: Domain, keys: Sequence[str]) -> Iterator[ObjectInfo]:
    """Yield those of the keys that are there; the first trouble ends all lookups."""
    with ThreadPoolExecutor(_LOOKUPS) as pool:
        looked_up = pool.map(lambda key: look_up(client, domain, key), dict.fromkeys(keys))
        yield from (info for info in looked_up if info is not None)
