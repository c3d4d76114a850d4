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
from mmrag_pipeline.telemetry import carried

_FILES_HELD = 2
"""Files kept in memory because the next errand is about them, too."""
_PAGES_A_CALL = 4
"""Pages of one file decoded per worker call: enough to amortize opening a PDF."""
_AHEAD_BYTES = 64 * 2**20
"""Pixels decoded ahead of the models, so that workers have work while a model has a batch."""
_AHEAD_ERRANDS = 64


@dataclass(frozen=True, slots=True)
class _Errand:
    content: str
    page_digests: tuple[str, ...]
    rasters: tuple[str, ...]
    size_bytes: int
    """What the decoded pages take at most."""


Decoded = tuple[_Errand, list[PagePixels | ItemError]]


def stream_pixels(
    world: World, partition: str, frames: Mapping[str, pl.DataFrame], wanted: Sequence[str]
) -> Iterator[tuple[str, PagePixels | ItemError]]:
    """Yield (page digest, pixels or error) of the wanted pages; at most a window is held.

    While the caller works on a page, the worker processes decode the next ones. A page that
    several files share fails only when none of them gives it.
    """
    owners = _owners(world, frames, wanted)
    where = keys_by_content(frames["raw_files"], owners["content"].unique())
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

    workers, work = world.settings.parse_workers, carried(fetch)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Decoded]] = deque()
        ahead_bytes = 0
        for errand in errands:
            ahead.append(pool.submit(work, errand))
            ahead_bytes += errand.size_bytes
            while len(ahead) > (workers if ahead_bytes > _AHEAD_BYTES else _AHEAD_ERRANDS):
                decoded = ahead.popleft().result()
                ahead_bytes -= decoded[0].size_bytes
                yield from _unpack(decoded)
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


def _owners(
    world: World, frames: Mapping[str, pl.DataFrame], wanted: Sequence[str]
) -> pl.DataFrame:
    """Return (page_digest, content, raster, rank, size_bytes): who gives each page, best first."""
    raw_files, pages = frames["raw_files"], frames["pages"]
    held = raw_files.filter(pl.col("digest").is_not_null())
    return (
        pages.filter(pl.col("page_digest").is_in(list(wanted)))
        .join(held.select("file_id", content_key().alias("content")), on="file_id")
        .sort("content", "page_no")
        .unique(["page_digest", "content"], keep="first", maintain_order=True)
        .with_columns(rank=pl.int_range(pl.len()).over("page_digest"))
        .with_columns(size_bytes=_decoded_bytes(world.settings.decode_side_px))
        .select("page_digest", "content", "raster", "rank", "size_bytes")
    )


def _decoded_bytes(side_px: int) -> pl.Expr:
    """Return the bytes of a page in RGB with no side over `side_px`."""
    sides = [pl.min_horizontal(name, pl.lit(side_px)) for name in ("width_px", "height_px")]
    return (sides[0].cast(pl.Int64) * sides[1] * 3).alias("size_bytes")


def _errands(owners: pl.DataFrame) -> Iterator[_Errand]:
    names = ("page_digest", "raster", "size_bytes")
    for content, *lists in owners.group_by("content", maintain_order=True).agg(names).iter_rows():
        for start in range(0, len(lists[0]), _PAGES_A_CALL):
            digests, rasters, sizes = (part[start : start + _PAGES_A_CALL] for part in lists)
            yield _Errand(content, tuple(digests), tuple(rasters), sum(sizes))
