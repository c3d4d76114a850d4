"""Results of costly calls in append-only Parquet parts, one file per batch."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.stores.files import replace_file, sync
from mmrag_pipeline.stores.memo_index import MemoIndex, corrupt, read_part
from mmrag_pipeline.stores.names import check_batch, check_word

COMPACT_ROWS = 65_536
"""Rows of a compacted part: 100 MB of 384 float32, so that a fetch reads no giant file."""
_PATIENCE_S, _PAUSE_S = 20.0, 0.02
"""How long a reader looks again when compactions take files away under it."""
T = TypeVar("T")


class ParquetMemo:
    """Files `root/STATION/FINGERPRINT/PARTITION/part-TIME-UNIQUE.parquet` (ports.Memo)."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._indexes: dict[Path, MemoIndex] = {}

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the distinct keys that no partition's memo holds, in input order."""
        index = self._index(station, fingerprint)
        return _steady(index, lambda: index.lacking(keys))

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return the remembered rows of these keys, one per key; an empty frame for none.

        Of rows that overlapping writers wrote twice, the one in the first file by name counts.
        """
        index = self._index(station, fingerprint)
        return _steady(index, lambda: _joined(_rows(index, keys)))

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Commit one batch of rows (column `key` first) in one new file."""
        check_batch(rows)
        _write_part(self._folder(station, fingerprint) / check_partition(partition), rows)

    def compact(self, station: str, fingerprint: str, partition: str) -> int:
        """Merge small parts into large ones and return how many files that removed.

        The merged file is there before the others go, so that readers always find every key.
        """
        index = self._index(station, fingerprint)
        folder = self._folder(station, fingerprint) / check_partition(partition)
        groups = _steady(index, lambda: _groups(index.parts(folder.name)))
        return sum(_merge(folder, group) for group in groups)

    def _index(self, station: str, fingerprint: str) -> MemoIndex:
        folder = self._folder(station, fingerprint)
        return self._indexes.setdefault(folder, MemoIndex(folder))

    def _folder(self, station: str, fingerprint: str) -> Path:
        return self._root / check_word(station) / check_word(fingerprint)


def _steady(index: MemoIndex, work: Callable[[], T]) -> T:
    """Refresh and work, again when a compaction took files away in between."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            index.refresh()
            return work()
        except FileNotFoundError as error:
            if time.monotonic() >= end:
                raise CorruptStateError(
                    f"memo files keep vanishing while they are read ({error}); "
                    "stop whatever deletes them and run again"
                ) from error
            time.sleep(_PAUSE_S)


def _rows(index: MemoIndex, keys: pl.Series) -> list[tuple[Path, pl.DataFrame]]:
    found = index.find(keys)
    return [
        (path, read_part(path).join(asked.to_frame(), on="key", how="semi", maintain_order="left"))
        for path, asked in found.items()
    ]


def _joined(parts: list[tuple[Path, pl.DataFrame]]) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame()
    for path, rows in parts:
        if rows.schema != parts[0][1].schema:
            raise corrupt(path, f"its columns differ from those of {parts[0][0]}")
    rows = pl.concat([rows for _, rows in parts])
    return rows.unique("key", keep="first", maintain_order=True)


def _write_part(folder: Path, rows: pl.DataFrame) -> None:
    name = f"part-{time.time_ns():020d}-{uuid.uuid4().hex[:12]}.parquet"
    replace_file(
        folder / name, lambda path: rows.write_parquet(path, compression="lz4"), keep_name=False
    )


def _groups(parts: list[tuple[Path, int]]) -> list[list[Path]]:
    """Return runs of small parts that fit into one; a part alone stays as it is."""
    groups: list[list[Path]] = [[]]
    total = 0
    for path, rows in parts:
        if total + rows > COMPACT_ROWS:
            groups.append([])
            total = 0
        groups[-1].append(path)
        total += rows
    return [group for group in groups if len(group) > 1]


def _merge(folder: Path, group: list[Path]) -> int:
    try:
        rows = _joined([(path, read_part(path)) for path in group])
    except FileNotFoundError:
        return 0  # another compaction is at the same files
    _write_part(folder, rows)
    sync(folder)
    for path in group:
        path.unlink(missing_ok=True)
    return len(group) - 1
