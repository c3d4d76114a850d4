"""Small blobs that hold one JSON value each."""

import json
from typing import BinaryIO

from mmrag_pipeline.ids import Json
from mmrag_pipeline.stores.blobs import Blobs, read_bytes


class DamagedBlobError(Exception):
    """A blob was read, and does not hold what it should."""


def write_json(blobs: Blobs, name: str, value: Json) -> None:
    """Write a value as ASCII, durably; raises StateUnavailableError."""
    data = json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")

    def fill(file: BinaryIO) -> None:
        file.write(data)

    blobs.write(name, fill)


def read_json(blobs: Blobs, name: str) -> Json:
    """Read a value; raises FileNotFoundError, DamagedBlobError, StateUnavailableError."""
    data = read_bytes(blobs, name)
    if data is None:
        raise FileNotFoundError(blobs.shown(name))
    try:
        value: Json = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedBlobError(f"{blobs.shown(name)!r:.300} is no JSON") from error
    return value
