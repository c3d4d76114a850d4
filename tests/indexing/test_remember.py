"""Results are committed in files large enough, and read only by those who need them."""

from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl

from mmrag_pipeline.indexing.remember import COMMIT_ITEMS
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.ports import Memo
from mmrag_pipeline.stores.memory import MemoryMemo
from tests.indexing.life import DOMAIN, Life


@dataclass(frozen=True, slots=True)
class _Counted:
    """A memo that counts commits, fetches and rows read by station."""

    inner: Memo = field(default_factory=MemoryMemo)
    commits: Counter[str] = field(default_factory=Counter)
    rows_read: Counter[str] = field(default_factory=Counter)
    fetches: Counter[str] = field(default_factory=Counter)

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        return self.inner.missing(station, fingerprint, keys)

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        self.rows_read[station] += keys.len()
        self.fetches[station] += 1
        return self.inner.fetch(station, fingerprint, keys)

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        self.commits[station] += 1
        self.inner.append(station, fingerprint, partition, rows)


def _run(memo: _Counted, life: Life) -> None:
    run_partition(replace(life.world(), memo=memo), DOMAIN, Mode("run"))


def test_quick_results_are_committed_in_few_files() -> None:
    life, memo = Life(), _Counted()
    life.put(**{f"p{n}": f"img:{n}" for n in range(COMMIT_ITEMS + 1)})
    _run(memo, life)
    assert memo.commits["image_vectors"] < 8


def test_an_edit_reads_the_vectors_of_its_own_points_only() -> None:
    life, memo = Life(), _Counted()
    life.put(**{f"p{n}": f"img:{n}" for n in range(9)})
    _run(memo, life)
    memo.rows_read.clear()
    life.put(p0="img:another")
    _run(memo, life)
    assert memo.rows_read["image_vectors"] == 1


def test_points_of_many_batches_have_their_vectors_fetched_at_once() -> None:
    life, memo = Life(), _Counted()
    words = " ".join(map(str, range(14_000)))
    life.put(a=f"txt:{words}")
    _run(memo, life)
    points = life.state.tables.read("points", DOMAIN)
    assert points is not None
    assert points.height > 1_000
    assert memo.fetches["text_vectors"] == 1
