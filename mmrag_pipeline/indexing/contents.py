"""What files hold: read once for its digest, and again from any file that still has it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from typing import BinaryIO

import polars as pl

from mmrag_pipeline.errors import ItemError, ReadError
from mmrag_pipeline.ids import digest_bytes, domain_of, file_id
from mmrag_pipeline.indexing.failures import Failure, failure
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.parsing.media import sniff
from mmrag_pipeline.ports import Versioned
from mmrag_pipeline.schemas import RAW_FILES
from mmrag_pipeline.telemetry import carried

FROM_BYTES = ("digest", "media_type", "version")
"""Columns of raw_files that only reading a file tells."""
_CONTENT = pl.Schema({name: RAW_FILES[name] for name in ("key", *FROM_BYTES)})
_BLOCK = 1 << 20
_HEAD = 4_096


def content_key() -> pl.Expr:
    """Return the key of a file's content: the same bytes under another type parse otherwise."""
    return pl.concat_str("digest", "media_type", separator=":")


def keys_by_content(raw_files: pl.DataFrame, wanted: pl.Series) -> dict[str, list[str]]:
    """Return content key -> keys of the files that hold it, in key order, of the wanted ones."""
    named = raw_files.select("key", content=content_key())
    held = named.filter(pl.col("content").is_in(wanted.implode())).sort("key")
    return dict(held.group_by("content", maintain_order=True).agg("key").iter_rows())


@contextmanager
def opened(world: World, partition: str, key: str, *, etag: str = "") -> Iterator[BinaryIO]:
    """Open one object; a disk or share that fails while it is read is a ReadError, too."""
    try:
        with world.source.open(domain_of(partition), key, etag=etag) as stream:
            yield stream
    except OSError as error:
        raise ReadError(
            f"{key!r} could not be read to its end ({error}): check the disk or share",
            reason="unreadable",
            transient=True,
        ) from error


def version_of(stream: BinaryIO) -> str | None:
    """Return by which name the store gives the bytes of an open object again, if it has one."""
    return stream.version if isinstance(stream, Versioned) else None


def read_content(
    world: World, partition: str, content: str, keys: Mapping[str, list[str]]
) -> bytes:
    """Return the bytes behind a content key; raises ReadError when no file holds them now."""
    digest = content.partition(":")[0]
    last: ItemError | None = None
    for key in keys[content]:
        try:
            with opened(world, partition, key) as stream:
                data = stream.read(world.settings.max_file_bytes + 1)
        except ItemError as error:
            last = error
            continue
        if digest_bytes(data) == digest:
            return data
        last = ReadError(
            "it changed while it was being indexed: the next run takes the change",
            reason="changed",
            transient=True,
        )
    raise last or ReadError("no file holds it any more", reason="vanished", transient=True)


def read_contents(
    world: World, partition: str, fresh: pl.DataFrame
) -> tuple[pl.DataFrame, list[Failure]]:
    """Return (key, digest, media_type, version) of listed objects, and why others are unread."""
    limit = world.settings.max_file_bytes

    def read(key: str, size_bytes: int, etag: str) -> tuple[str, str, str, str | None] | Failure:
        try:
            _check_size(size_bytes, limit)
            with opened(world, partition, key, etag=etag.partition(":")[2]) as stream:
                return (key, *_read(stream, key, limit), version_of(stream))
        except ItemError as error:
            return failure(file_id(domain_of(partition), key), error, bytes_seen=size_bytes)

    with ThreadPoolExecutor(world.settings.read_workers) as pool:
        results = list(pool.map(carried(read), fresh["key"], fresh["size_bytes"], fresh["etag"]))
    rows = [r for r in results if isinstance(r, tuple)]
    failures = [r for r in results if isinstance(r, Failure)]
    return pl.DataFrame(rows, schema=_CONTENT, orient="row"), failures


def _read(stream: BinaryIO, key: str, limit: int) -> tuple[str, str]:
    """Return (content digest, media type) of one object, read in blocks."""
    state, seen, head = blake2b(digest_size=16), 0, b""
    while block := stream.read(_BLOCK):
        head = head or block[:_HEAD]
        seen += len(block)
        _check_size(seen, limit)
        state.update(block)
    return state.hexdigest(), sniff(head, key)


def _check_size(size_bytes: int, limit: int) -> None:
    if size_bytes > limit:
        raise ReadError(
            f"it is larger than MMRAG_MAX_FILE_BYTES={limit}: raise the limit or split it",
            reason="too_large",
        )
