"""A source of objects in memory that can be edited, can lie and can fail."""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from mmrag_pipeline.errors import ItemError, ListingError, ReadError
from mmrag_pipeline.records import ObjectInfo

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FakeFile:
    """One object; `error` is raised instead of opening it."""

    data: bytes
    version: int
    error: ItemError | None = None
    breaks: bool = False
    """Whether reading fails half way, as a bad disk does."""


class _BadDisk(io.BytesIO):
    """Bytes that cannot be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Raise OSError."""
        del size
        raise OSError(5, "Input/output error")


class _Versioned(io.BytesIO):
    """Bytes that know their version (ports.Versioned)."""

    def __init__(self, file: FakeFile) -> None:
        super().__init__(file.data)
        self.version = f"version {file.version}"


class FakeSource:
    """ObjectStore over dictionaries: domain -> key -> file."""

    def __init__(self, after: int = 0) -> None:
        """Begin with nothing; `after` so many changes that others may have seen."""
        self.files: dict[str, dict[str, FakeFile]] = {}
        self.listing_error: ListingError | None = None
        self.opened: Counter[str] = Counter()
        self.listed = 0
        """Objects that listings have shown so far."""
        self.is_bucket = False
        """Whether a domain without objects is empty, as in a bucket, and not unknown."""
        self.keeps_versions = False
        """Whether opened objects tell their version, as in a versioned bucket."""
        self.while_reading: Callable[[], None] | None = None
        """Called whenever an object is opened: what happens meanwhile."""
        self._version = after

    def put(self, domain: str, key: str, data: bytes) -> None:
        """Add or replace a file."""
        self.files.setdefault(domain, {})[key] = FakeFile(data, self._next())

    def touch(self, domain: str, key: str) -> None:
        """Give a file another time and etag, not another content."""
        held = self.files[domain]
        held[key] = replace(held[key], version=self._next())

    def move(self, domain: str, key: str, target: str) -> None:
        """Rename a file."""
        held = self.files[domain]
        held[target] = held.pop(key)

    def copy(self, domain: str, key: str, target: str) -> None:
        """Put a file's bytes under a second key."""
        self.put(domain, target, self.files[domain][key].data)

    def delete(self, domain: str, key: str) -> None:
        """Remove a file; its domain stays."""
        del self.files[domain][key]

    def forbid(self, domain: str, key: str, error: ItemError | None = None) -> None:
        """Make a file unreadable: from now on opening it raises."""
        refused = error or ReadError(f"{key!r} is locked", reason="unreadable", transient=True)
        held = self.files[domain]
        held[key] = replace(held[key], error=refused)

    def break_reading(self, domain: str, key: str) -> None:
        """Make a file fail while it is read."""
        held = self.files[domain]
        held[key] = replace(held[key], breaks=True)

    def allow(self, domain: str, key: str) -> None:
        """Make a file readable again."""
        held = self.files[domain]
        held[key] = replace(held[key], error=None, breaks=False)

    def domains(self) -> list[str]:
        """Return the domains of the source, sorted; raises ListingError."""
        self._check_listing()
        return sorted(self.files)

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return every object of a domain, or those of `keys`; raises ListingError."""
        del held_at
        self._check_listing()
        held = self.files.get(domain, {}) if self.is_bucket else self.files[domain]
        chosen = held if keys is None else held.keys() & set(keys)
        self.listed += len(chosen)
        return [_info(domain, key, held[key]) for key in sorted(chosen)]

    def open(self, domain: str, key: str, *, etag: str = "") -> BinaryIO:
        """Open one object; raises ReadError."""
        self.opened[key] += 1
        if self.while_reading:
            self.while_reading()
        file = self.files[domain].get(key)
        if file is None:
            raise ReadError(f"{key!r} is gone", reason="vanished", transient=True)
        if etag and etag != _etag(file):
            raise ReadError(f"{key!r} is another by now", reason="changed", transient=True)
        if file.error is not None:
            raise file.error
        if file.breaks:
            return _BadDisk()
        return _Versioned(file) if self.keeps_versions else io.BytesIO(file.data)

    def _check_listing(self) -> None:
        if self.listing_error is not None:
            raise self.listing_error

    def _next(self) -> int:
        self._version += 1
        return self._version


def _etag(file: FakeFile) -> str:
    return f"v{file.version}"


def _info(domain: str, key: str, file: FakeFile) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        uri=f"fake://{domain}/{key}",
        size_bytes=len(file.data),
        etag=_etag(file),
        modified_at=_EPOCH + timedelta(seconds=file.version),
    )
