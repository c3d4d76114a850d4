"""File bytes by content digest: any file that holds them will do, and they are checked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, Protocol, runtime_checkable

import polars as pl

from mmrag_pipeline.errors import ItemError, ReadError
from mmrag_pipeline.ids import digest_bytes
from mmrag_pipeline.indexing.station import World

FROM_BYTES = ("digest", "media_type", "version")
"""Columns of raw_files that only reading a file tells."""


@runtime_checkable
class Versioned(Protocol):
    """An open object that knows which version of itself it is."""

    @property
    def version(self) -> str | None:
        """Return the name by which its store gives just these bytes again; None without one."""
        ...


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
        with world.source.open(partition, key, etag=etag) as stream:
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
