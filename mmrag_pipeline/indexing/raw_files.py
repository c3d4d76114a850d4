"""raw_files: what the source holds now, with content digests; unchanged files are not read."""

from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from hashlib import blake2b
from operator import attrgetter
from typing import BinaryIO

import polars as pl

from mmrag_pipeline.errors import ItemError, ReadError
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.contents import opened
from mmrag_pipeline.indexing.failures import Failure, failure, failure_table
from mmrag_pipeline.indexing.station import Job, Made, Recipe, Station, World, alone
from mmrag_pipeline.parsing.media import sniff
from mmrag_pipeline.schemas import RAW_FILES
from mmrag_pipeline.settings import Settings

_BLOCK = 1 << 20
_HEAD = 4_096
_READERS = 4
_REVISION = 1
"""Raise it when the same bytes get another media type: every file is then read again."""
_REFUSED = ("too_large", "outside_root", "link", "not_a_file")
"""Reasons that withdraw a file's old content; any other failure keeps it for now."""
_LISTING = pl.Schema(
    {name: RAW_FILES[name] for name in ("key", "uri", "size_bytes", "etag", "modified_at")}
    | {"problem": pl.String()}
)
_CONTENT = pl.Schema({"key": pl.String, "digest": pl.String, "media_type": pl.String})


def recipe(world: World) -> Recipe:
    """Return the settings that decide raw_files."""
    settings = world.settings
    rules = [[glob, list(groups)] for glob, groups in settings.visibility_rules.items()]
    return Recipe([settings.max_file_bytes, list(settings.default_visibility), rules])


STATION = Station("raw_files", (), recipe, stateful=True)


def make(world: World, job: Job) -> Made:
    """List the partition, read what changed, keep the last content of what cannot be read now.

    Raises ListingError when the listing fails; then nothing is written.
    """
    last = world.tables.read("raw_files", job.partition)
    last = pl.DataFrame(schema=RAW_FILES) if last is None else last
    listing = list_objects(world, job.partition)
    fresh = changed(listing, last)
    contents, failures = read_contents(world, job.partition, fresh)
    refused = [failure.item for failure in failures if failure.reason in _REFUSED]
    rows = _with_content(listing, fresh, contents, last.filter(~pl.col("file_id").is_in(refused)))
    table = _table(world.settings, job.partition, rows)
    return Made(
        table=table,
        failures=failure_table(failures, job.failures.clear(), job.failures),
        computed=fresh.height,
        reused=listing.height - fresh.height,
        changes=_changes(last, table),
    )


def list_objects(world: World, partition: str) -> pl.DataFrame:
    """Return the partition's listing as a frame, sorted by key."""
    listed = world.source.list(partition)
    columns = {name: list(map(attrgetter(name), listed)) for name in _LISTING}
    etag = pl.format("{}:{}", pl.lit(str(_REVISION)), "etag").alias("etag")
    return pl.DataFrame(columns, schema=_LISTING).with_columns(etag).sort("key")


def changed(listing: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Return the listed objects whose size or etag is not that of the last good reading."""
    known = last.filter(pl.col("digest").is_not_null())
    same = listing.join(known, on=["key", "size_bytes", "etag"], how="semi")
    return listing.join(same.filter(pl.col("problem") == ""), on="key", how="anti")


def read_contents(
    world: World, partition: str, fresh: pl.DataFrame
) -> tuple[pl.DataFrame, list[Failure]]:
    """Return (key, digest, media_type) of the listed objects, and why others cannot be read."""
    limit = world.settings.max_file_bytes

    def read(key: str, size_bytes: int) -> tuple[str, str, str] | Failure:
        try:
            _check_size(size_bytes, limit)
            with opened(world, partition, key) as stream:
                return (key, *_read(stream, key, limit))
        except ItemError as error:
            return failure(file_id(partition, key), error, bytes_seen=size_bytes)

    with ThreadPoolExecutor(_READERS) as pool:
        results = list(pool.map(read, fresh["key"], fresh["size_bytes"]))
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


def _with_content(
    listing: pl.DataFrame, fresh: pl.DataFrame, contents: pl.DataFrame, last: pl.DataFrame
) -> pl.DataFrame:
    """Give each listed object its content: read now, as before, or the last good one."""
    unread = fresh.join(contents, on="key", how="anti").select("key")
    before = last.select("key", old_digest="digest", old_media_type="media_type")
    return (
        listing.join(contents, on="key", how="left")
        .join(before, on="key", how="left")
        .join(unread.with_columns(unread=True), on="key", how="left")
        .with_columns(
            pl.coalesce("digest", "old_digest").alias("digest"),
            pl.coalesce("media_type", "old_media_type").alias("media_type"),
            pl.when(pl.col("unread")).then(pl.lit("")).otherwise("etag").alias("etag"),
        )
    )


def _table(settings: Settings, partition: str, rows: pl.DataFrame) -> pl.DataFrame:
    keys = rows["key"].to_list()
    return rows.with_columns(
        pl.Series("file_id", [file_id(partition, key) for key in keys], dtype=pl.String),
        pl.Series(
            "visibility",
            [_visibility(settings, f"{partition}/{key}") for key in keys],
            dtype=pl.List(pl.String),
        ),
    ).select(RAW_FILES.names())


def _visibility(settings: Settings, path: str) -> list[str]:
    for glob, groups in settings.visibility_rules.items():
        if fnmatchcase(path, glob):
            return list(groups)
    return list(settings.default_visibility)


def _changes(last: pl.DataFrame, table: pl.DataFrame) -> dict[str, int]:
    both = table.join(last, on="key", how="inner")
    edited = both.filter(pl.col("digest").ne_missing(pl.col("digest_right"))).height
    shown = both.filter(pl.col("visibility").ne_missing(pl.col("visibility_right"))).height
    return {
        "added": table.height - both.height,
        "edited": edited,
        "visibility": shown,
        "deleted": last.height - both.height,
    }


STEP = alone(STATION, make)
