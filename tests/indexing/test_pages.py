"""pages: what was parsed reaches the memo before its lines fill memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from mmrag_pipeline.indexing import pages, raw_files
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.records import Line, PagePixels, ParsedFile, ParsedPage
from mmrag_pipeline.stores.memory import MemoryMemo
from tests.indexing.life import DOMAIN, Life

LINES = 90_000


class _Wordy:
    """A reader to which every file is one page of very many lines."""

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        del media_type
        lines = (Line("word", None),) * LINES
        return ParsedFile((ParsedPage(1, data.hex(), 0, 0, None, lines, ""),))

    def pixels(self, data: bytes, rasters: Sequence[str]) -> list[PagePixels]:
        raise AssertionError(f"nothing to draw for {rasters} in {len(data)} bytes")


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A memo that notes how many lines each commit brings."""

    inner: MemoryMemo = field(default_factory=MemoryMemo)
    lines: list[int] = field(default_factory=list)

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        return self.inner.missing(station, fingerprint, keys)

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        return self.inner.fetch(station, fingerprint, keys)

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        found = rows.explode("pages").unnest("pages")
        self.lines.append(int(found["lines"].list.len().sum()))
        self.inner.append(station, fingerprint, partition, rows)


def test_files_of_very_many_lines_are_committed_a_few_at_a_time() -> None:
    life, memo = Life(), _Weighed()
    life.put(**{f"t{n}": f"txt:{n}" for n in range(7)})
    world = replace(life.world(), memo=memo, reader=_Wordy())
    for step in (raw_files.STEP, pages.STEP):
        run_step(world, step, DOMAIN, mode=Mode("run"))
    assert sum(memo.lines) == 7 * LINES
    assert max(memo.lines) <= 3 * LINES
