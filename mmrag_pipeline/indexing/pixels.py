"""Pixels of many pages, decoded ahead of the models in bounded memory, each page once."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.contents import content_key, keys_by_content, read_content
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import PagePixels

_FILES_HELD = 2
"""Files kept in memory because the next errand is about them, too."""
_PAGES_A_CALL = 4
"""Pages of one file decoded per worker call: enough to amortize opening a PDF."""


@dataclass(frozen=True, slots=True)
class _Errand:
    content: str
    page_digests: tuple[str, ...]
    rasters: tuple[str, ...]


Decoded = tuple[_Errand, list[PagePixels | ItemError]]


def stream_pixels(
    world: World, partition: str, frames: Mapping[str, pl.DataFrame], wanted: Sequence[str]
) -> Iterator[tuple[str, PagePixels | ItemError]]:
    """Yield (page digest, pixels or error) of the wanted pages; at most a window is held.

    While the caller works on a page, the worker processes decode the next ones. A page that
    several files share fails only when none of them gives it.
    """
    owners = _owners(frames["raw_files"], frames["pages"], wanted)
    where = keys_by_content(frames["raw_files"])
    for rank in owners["rank"].unique().sort().to_list():
        ranked = owners.filter(pl.col("rank") == rank)
        others = set(owners.filter(pl.col("rank") == rank + 1)["page_digest"])
        served = []
        for digest, page in _stream(world, partition, where, _errands(ranked)):
            if isinstance(page, ItemError) and digest in others:
                continue
            served.append(digest)
            yield digest, page
        owners = owners.filter(~pl.col("page_digest").is_in(served))


def _stream(
    world: World,
    partition: str,
    where: Mapping[str, list[str]],
    errands: Iterable[_Errand],
) -> Iterator[tuple[str, PagePixels | ItemError]]:
    @lru_cache(maxsize=_FILES_HELD)
    def read(content: str) -> bytes:
        return read_content(world, partition, content, where)

    def fetch(errand: _Errand) -> Decoded:
        try:
            return errand, _draw(world, read(errand.content), errand.rasters)
        except ItemError as error:
            return errand, [error] * len(errand.rasters)

    workers = world.settings.parse_workers
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Decoded]] = deque()
        for errand in errands:
            ahead.append(pool.submit(fetch, errand))
            if len(ahead) > 2 * workers:
                yield from _unpack(ahead.popleft().result())
        while ahead:
            yield from _unpack(ahead.popleft().result())


def _draw(world: World, data: bytes, rasters: Sequence[str]) -> list[PagePixels | ItemError]:
    """Return the pages' pixels; when one cannot be drawn, the others still can."""
    try:
        return list(world.reader.pixels(data, rasters))
    except ItemError as error:
        if len(rasters) == 1:
            return [error]
    return [drawn for raster in rasters for drawn in _draw(world, data, [raster])]


def _unpack(decoded: Decoded) -> Iterator[tuple[str, PagePixels | ItemError]]:
    errand, pages = decoded
    return zip(errand.page_digests, pages, strict=True)


def _owners(raw_files: pl.DataFrame, pages: pl.DataFrame, wanted: Sequence[str]) -> pl.DataFrame:
    """Return (page_digest, content, raster, rank): who can give each page, best first."""
    held = raw_files.filter(pl.col("digest").is_not_null())
    return (
        pages.filter(pl.col("page_digest").is_in(list(wanted)))
        .join(held.select("file_id", content_key().alias("content")), on="file_id")
        .sort("content", "page_no")
        .unique(["page_digest", "content"], keep="first", maintain_order=True)
        .with_columns(rank=pl.int_range(pl.len()).over("page_digest"))
        .select("page_digest", "content", "raster", "rank")
    )


def _errands(owners: pl.DataFrame) -> Iterator[_Errand]:
    grouped = owners.group_by("content", maintain_order=True).agg("page_digest", "raster")
    for content, digests, rasters in grouped.iter_rows():
        for start in range(0, len(digests), _PAGES_A_CALL):
            stop = start + _PAGES_A_CALL
            yield _Errand(content, tuple(digests[start:stop]), tuple(rasters[start:stop]))
