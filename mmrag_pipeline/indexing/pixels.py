"""Pixels of many pages, decoded ahead of the models in bounded memory, each page once."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.contents import content_key, keys_by_content, read_content
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.records import PagePixels

_PAGES_A_CALL = 4
"""Pages of one file decoded per worker call: enough to amortize opening a PDF."""


@dataclass(frozen=True, slots=True)
class _Errand:
    content: str
    page_digests: tuple[str, ...]
    rasters: tuple[str, ...]


Decoded = tuple[_Errand, list[PagePixels] | ItemError]


def stream_pixels(
    world: World, partition: str, frames: Mapping[str, pl.DataFrame], wanted: Sequence[str]
) -> Iterator[tuple[str, PagePixels | ItemError]]:
    """Yield (page digest, pixels or error) of the wanted pages; at most a window is held.

    While the caller works on a page, the worker processes decode the next ones.
    """
    raw_files, pages = frames["raw_files"], frames["pages"]
    where = keys_by_content(raw_files)

    def fetch(errand: _Errand) -> Decoded:
        try:
            data = read_content(world, partition, errand.content, where)
            return errand, world.reader.pixels(data, errand.rasters)
        except ItemError as error:
            return errand, error

    workers = world.settings.parse_workers
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Decoded]] = deque()
        for errand in _errands(raw_files, pages, wanted):
            ahead.append(pool.submit(fetch, errand))
            if len(ahead) > 2 * workers:
                yield from _unpack(ahead.popleft().result())
        while ahead:
            yield from _unpack(ahead.popleft().result())


def _unpack(decoded: Decoded) -> Iterator[tuple[str, PagePixels | ItemError]]:
    errand, result = decoded
    for number, page_digest in enumerate(errand.page_digests):
        yield page_digest, result if isinstance(result, ItemError) else result[number]


def _errands(
    raw_files: pl.DataFrame, pages: pl.DataFrame, wanted: Sequence[str]
) -> Iterator[_Errand]:
    contents = raw_files.filter(pl.col("digest").is_not_null())
    owners = contents.select("file_id", content_key().alias("content"))
    chosen = (
        pages.filter(pl.col("page_digest").is_in(list(wanted)))
        .unique("page_digest", keep="first", maintain_order=True)
        .join(owners, on="file_id", maintain_order="left")
    )
    grouped = chosen.group_by("content", maintain_order=True).agg("page_digest", "raster")
    for content, digests, rasters in grouped.iter_rows():
        for start in range(0, len(digests), _PAGES_A_CALL):
            stop = start + _PAGES_A_CALL
            yield _Errand(content, tuple(digests[start:stop]), tuple(rasters[start:stop]))
