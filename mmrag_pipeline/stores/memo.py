"""Results of costly calls in append-only Parquet parts, one blob per batch."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import polars as pl

from mmrag_pipeline.keepers import Keep
from mmrag_pipeline.overtaken import steady
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.memo_index import MemoIndex
from mmrag_pipeline.stores.memo_parts import (
    MEMO,
    Part,
    at_once,
    by_partition,
    joined,
    mergeable,
    part_name,
    read_part,
    shelf_folder,
    shelf_of,
    successor_name,
    write_part,
)
from mmrag_pipeline.stores.names import check_batch

_READERS = 4
"""Parts read at the same time: as many of up to 100 MB lie in memory."""
T = TypeVar("T")


class ParquetMemo:
    """Blobs `memo/STATION/FINGERPRINT/PARTITION/part-TIME-UNIQUE.parquet`.

    It is a ports.MemoKeeper. `clock` tells the nanoseconds since 1970.
    """

    def __init__(self, blobs: Blobs, clock: Callable[[], int] = time.time_ns) -> None:
        self._blobs = blobs
        self._clock = clock
        self._indexes: dict[str, MemoIndex] = {}

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the distinct keys that no partition's memo holds, in input order."""
        index = self._index(shelf_folder(station, fingerprint))
        return _steady(index, lambda: index.lacking(keys))

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return the remembered rows of these keys, one per key; an empty frame for none.

        Of rows that overlapping writers wrote twice, the one in the first part by name counts.
        """
        index = self._index(shelf_folder(station, fingerprint))
        return _steady(index, lambda: joined(self._blobs, self._rows(index.find(keys))))

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Commit one batch of rows (column `key` first) in one new part."""
        check_batch(rows)
        name = part_name(shelf_folder(station, fingerprint), partition, self._clock())
        write_part(self._blobs, name, rows)

    def shelves(self) -> list[tuple[str, str]]:
        """Return every (station, fingerprint) that has a part, sorted."""
        return sorted({shelf for name in self._blobs.names(MEMO) if (shelf := shelf_of(name))})

    def compact(self, station: str, fingerprint: str) -> int:
        """Merge the small parts of each partition and week; return how many that removed.

        A merged part is there before the others go, so that readers always find every key.
        """
        index = self._index(shelf_folder(station, fingerprint))
        held = _steady(index, index.held)
        sizes = [(part, keys.len()) for part, keys in held]
        groups = [group for parts in by_partition(sizes) for group in mergeable(parts)]
        return sum(self._merge(group) for group in groups)

    def retain(self, station: str, fingerprint: str, keep: Keep) -> int:
        """Keep the rows that `keep` answers True for, drop the others; return how many.

        `keep` is told the time of a part's youngest row: after a compaction that is up to a
        week later than that of others, so nothing goes too early. What stays of a part is
        there before the part goes.
        """
        index = self._index(shelf_folder(station, fingerprint))
        dropped = 0
        for part, keys in _steady(index, index.held):
            stays = keep(keys, part.written_at).fill_null(True)
            if not stays.all():
                dropped += self._cut(part, stays)
        return dropped

    def _index(self, folder: str) -> MemoIndex:
        return self._indexes.setdefault(folder, MemoIndex(self._blobs, folder))

    def _rows(self, found: Sequence[tuple[Part, pl.Series]]) -> list[tuple[str, pl.DataFrame]]:
        def asked(item: tuple[Part, pl.Series]) -> tuple[str, pl.DataFrame]:
            part, keys = item
            rows = read_part(self._blobs, part.name)
            return part.name, rows.join(
                keys.to_frame(), on="key", how="semi", maintain_order="left"
            )

        return at_once(asked, found, workers=_READERS)

    def _merge(self, group: Sequence[Part]) -> int:
        names = [part.name for part in group]
        try:
            rows = joined(self._blobs, [(name, read_part(self._blobs, name)) for name in names])
        except FileNotFoundError:
            return 0  # another compaction is at the same parts
        write_part(self._blobs, successor_name(group), rows, keep_name=True)
        self._blobs.delete(names)
        return len(names) - 1

    def _cut(self, part: Part, stays: pl.Series) -> int:
        """Replace a part by those of its rows that stay; return how many went."""
        if stays.any():
            try:
                rows = read_part(self._blobs, part.name)
            except FileNotFoundError:
                return 0  # somebody else replaced it: its rows are looked at next time
            name = successor_name([part])
            write_part(self._blobs, name, rows.filter(stays), keep_name=True)
        self._blobs.delete([part.name])
        return stays.len() - int(stays.sum())


def _steady(index: MemoIndex, work: Callable[[], T]) -> T:
    """Refresh and work, again when a compaction took parts away in between."""

    def look() -> T:
        index.refresh()
        return work()

    return steady(look)
