"""Where sources and state lie: folders, and prefixes of S3 buckets."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mmrag_pipeline.errors import SettingsError

_SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY_BYTES = 1_024
_LIKE_AN_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|s3:", re.IGNORECASE)
"""Texts that are meant as addresses: as paths they would make a folder named `s3:`."""


@dataclass(frozen=True, slots=True)
class S3Place:
    """All objects of a bucket whose keys begin with `prefix` (empty, or ending in `/`)."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def __truediv__(self, name: str) -> "S3Place":
        return S3Place(self.bucket, f"{self.prefix}{name}/")


Place: TypeAlias = Path | S3Place


def place_of(text: str) -> Place:
    """Return the place that `s3://BUCKET/PREFIX` or a path names; raises SettingsError."""
    if not text.startswith(_SCHEME):
        if "://" in text or _LIKE_AN_ADDRESS.match(text):
            raise SettingsError(f"{text!r:.200} is no place: write s3://BUCKET/PREFIX or a folder")
        return Path(text)
    bucket, _, prefix = text.removeprefix(_SCHEME).partition("/")
    if not _BUCKET.fullmatch(bucket) or len(prefix.encode()) > _KEY_BYTES:
        raise SettingsError(
            f"{text!r:.200} is no place in S3: write s3://BUCKET/PREFIX (a bucket's name has 3 to "
            f"63 lower-case letters, digits, dots and hyphens, a prefix up to {_KEY_BYTES} bytes)"
        )
    return S3Place(bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else "")
