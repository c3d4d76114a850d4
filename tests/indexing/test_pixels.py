"""Decoding runs ahead of the models, as far as memory allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from mmrag_pipeline.indexing import pages, raw_files
from mmrag_pipeline.indexing.pixels import stream_pixels
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.ports import PageReader
from mmrag_pipeline.records import PagePixels, ParsedFile
from mmrag_pipeline.testing.reader import FakeReader
from tests.indexing.life import DOMAIN, Life

_COUNT = 40


@dataclass(frozen=True, slots=True)
class _Counted:
    """A reader that notes each call for pixels."""

    calls: list[Sequence[str]] = field(default_factory=list)
    inner: PageReader = field(default_factory=FakeReader)

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        return self.inner.parse_file(data, media_type)

    def pixels(self, data: bytes, rasters: Sequence[str]) -> list[PagePixels]:
        self.calls.append(rasters)
        return self.inner.pixels(data, rasters)


def _decoded_after_one(*, side_px: int) -> int:
    """Return how many pages are decoded when a model took one, if pages had this size."""
    life = Life()
    life.put(**{f"p{n}": f"img:{n}" for n in range(_COUNT)})
    reader = _Counted()
    world = replace(life.world(), reader=reader)
    for step in (raw_files.STEP, pages.STEP):
        run_step(world, step, DOMAIN, mode=Mode("run"))
    frames = {name: _read(life, name) for name in ("raw_files", "pages")}
    told = frames["pages"].with_columns(
        pl.lit(side_px, pl.Int32).alias(name) for name in ("width_px", "height_px")
    )
    wanted = told["page_digest"].to_list()
    stream = stream_pixels(world, DOMAIN, {**frames, "pages": told}, wanted)
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]  # a generator: its closing waits for its workers
    return len(reader.calls)


def _read(life: Life, name: str) -> pl.DataFrame:
    table = life.state.tables.read(name, DOMAIN)
    assert table is not None
    return table


def test_small_pages_are_decoded_far_ahead() -> None:
    assert _decoded_after_one(side_px=256) == _COUNT


def test_giant_pages_are_decoded_one_ahead_of_each_worker() -> None:
    assert _decoded_after_one(side_px=4_096) == Life().settings.parse_workers + 1
