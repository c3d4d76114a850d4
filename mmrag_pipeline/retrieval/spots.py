"""Pixels of spots, read again from the source: what was indexed, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.ids import digest_bytes
from mmrag_pipeline.ports import ObjectStore, PageReader
from mmrag_pipeline.records import PagePixels, Pixels
from mmrag_pipeline.retrieval.crop import Spot
from mmrag_pipeline.retrieval.fusion import FileId


@dataclass(frozen=True, slots=True)
class SourcePixels:
    """Reads the files of spots from their source, each once; a PixelsOf."""

    source: ObjectStore
    reader: Callable[[], AbstractContextManager[PageReader]]
    """Opened once for all spots of a query."""
    limit_bytes: int

    def __call__(self, spots: Sequence[Spot]) -> list[Pixels | None]:
        """Return the pixels of each spot.

        None stands for what is gone, changed since it was indexed, or cannot be read: a search
        goes on without a closer look at it.
        """
        by_file: dict[FileId, list[int]] = {}
        for place, spot in enumerate(spots):
            by_file.setdefault(spot.file, []).append(place)
        pixels: list[Pixels | None] = [None] * len(spots)
        with self.reader() as reader:
            for places in by_file.values():
                for place, found in zip(
                    places, self._of_file(reader, [spots[n] for n in places]), strict=True
                ):
                    pixels[place] = found
        return pixels

    def _of_file(self, reader: PageReader, spots: Sequence[Spot]) -> list[Pixels | None]:
        try:
            data = self._read(spots[0].file)
            if digest_bytes(data) != spots[0].digest:
                return [None] * len(spots)
            pages = _pages(reader, data, spots)
        except (ItemError, OSError):
            return [None] * len(spots)
        return [_cut(pages.get(spot.page_no), spot) for spot in spots]

    def _read(self, file: FileId) -> bytes:
        with self.source.open(*file) as stream:
            return stream.read(self.limit_bytes + 1)


def _pages(reader: PageReader, data: bytes, spots: Sequence[Spot]) -> Mapping[int, PagePixels]:
    wanted = {spot.page_no for spot in spots}
    parsed = reader.parse_file(data, spots[0].media_type)
    rasters = {p.page_no: p.raster for p in parsed.pages if p.page_no in wanted and p.raster}
    drawn = reader.pixels(data, list(rasters.values()))
    return dict(zip(rasters, drawn, strict=True))


def _cut(page: PagePixels | None, spot: Spot) -> Pixels | None:
    if page is None:
        return None
    if spot.box is None:
        return page.pixels
    left, top, right, bottom = (
        round(page.scale * side)
        for side in (spot.box.left, spot.box.top, spot.box.right, spot.box.bottom)
    )
    cut = page.pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    return np.ascontiguousarray(cut) if cut.size else None
