"""Parts of the memo: their names, which tell when they were written, and their rows."""

import re
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, TypeVar

import polars as pl

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.names import WORD, check_word
from mmrag_pipeline.stores.parquet import NotParquetError, read_columns, read_rows

MEMO = "memo"
COMPACT_ROWS = 65_536
"""Rows of a compacted part: 100 MB of 384 float32, so that a fetch reads no giant file."""
_WEEK_NS = 7 * 86_400 * 10**9
_PART = re.compile(
    rf"(?P<folder>{MEMO}/{WORD}/{WORD})/(?P<partition>[^/]+)/part-(?P<time>\d{{20}})-[0-9a-f]{{12}}"
    r"\.parquet"
)
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the memo; it never changes, but others may replace it by another one."""

    name: str
    folder: str
    """Of its shelf."""
    partition: str
    written_ns: int
    """When the youngest of its rows was written, since 1970."""

    @property
    def written_at(self) -> datetime:
        """Return when the youngest of its rows was written."""
        return datetime.fromtimestamp(self.written_ns / 1e9, UTC)

    @property
    def order(self) -> tuple[str, str]:
        """Return what parts are sorted by: time, then name."""
        return self.name.rpartition("/")[2], self.name


def shelf_folder(station: str, fingerprint: str) -> str:
    """Return the folder of all parts of one station and card; raises SettingsError."""
    return f"{MEMO}/{check_word(station)}/{check_word(fingerprint)}"


def shelf_of(name: str) -> tuple[str, str] | None:
    """Return the station and fingerprint of a part's name; None for other files."""
    part = part_of(name)
    if part is None:
        return None
    _, station, fingerprint = part.folder.split("/")
    return station, fingerprint


def part_of(name: str) -> Part | None:
    """Return the part that a blob's name tells of; None for other files."""
    found = _PART.fullmatch(name)
    if not found:
        return None
    return Part(name, found["folder"], found["partition"], int(found["time"]))


def part_name(folder: str, partition: str, written_ns: int) -> str:
    """Return a name that no other part has; later parts sort behind earlier ones."""
    unique = uuid.uuid4().hex[:12]
    return f"{folder}/{check_partition(partition)}/part-{written_ns:020d}-{unique}.parquet"


def successor_name(parts: Sequence[Part]) -> str:
    """Return a name for the part that replaces some of one partition.

    It is as young as the youngest of them, so that no row seems older than it is, and sorts
    behind them, so that a listing in that order which misses a deleted part comes by this one.
    """
    youngest = max(part.written_ns for part in parts)
    return part_name(parts[0].folder, parts[0].partition, youngest + 1)


def by_partition(held: Sequence[tuple[Part, T]]) -> list[list[tuple[Part, T]]]:
    """Return what is held of each partition, in order."""
    found: dict[str, list[tuple[Part, T]]] = {}
    for part, rows in held:
        found.setdefault(part.partition, []).append((part, rows))
    return list(found.values())


def mergeable(parts: Sequence[tuple[Part, int]]) -> list[list[Part]]:
    """Return groups of one partition's parts, in order and with their rows, that make one each.

    Parts of different weeks stay apart: a merged part is as young as its youngest rows, which
    makes others seem younger by less than a week, however often they are merged.
    """
    groups: list[list[Part]] = [[]]
    total, week = 0, -1
    for part, rows in parts:
        if total + rows > COMPACT_ROWS or part.written_ns // _WEEK_NS != week:
            groups.append([])
            total, week = 0, part.written_ns // _WEEK_NS
        groups[-1].append(part)
        total += rows
    return [group for group in groups if len(group) > 1]


def write_part(blobs: Blobs, name: str, rows: pl.DataFrame, *, keep_name: bool = False) -> None:
    """Write one part; a power cut may take it away again unless `keep_name` is set."""

    def fill(file: BinaryIO) -> None:
        rows.write_parquet(file, compression="lz4")

    blobs.write(name, fill, keep_name=keep_name)


def read_part(blobs: Blobs, name: str, *, keys_only: bool = False) -> pl.DataFrame:
    """Return a part's rows; raises CorruptStateError, or FileNotFoundError when it vanished."""
    try:
        with blobs.open(name) as file:
            rows = read_columns(file, ["key"]) if keys_only else read_rows(file)
    except FileNotFoundError:
        raise
    except (OSError, NotParquetError) as error:
        raise corrupt(blobs, name, error) from error
    if rows.schema.get("key") != pl.String:
        raise corrupt(blobs, name, "it has no String column 'key'")
    return rows


def at_once(work: Callable[[S], T], items: Sequence[S], *, workers: int) -> list[T]:
    """Return what `work` makes of each item, in order: with a bucket it mostly waits."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def joined(blobs: Blobs, parts: Sequence[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Return the rows of parts, one per key: that of the first part which has it."""
    if not parts:
        return pl.DataFrame()
    for name, rows in parts:
        if rows.schema != parts[0][1].schema:
            raise corrupt(blobs, name, f"its columns differ from those of {parts[0][0]}")
    rows = pl.concat([rows for _, rows in parts])
    return rows.unique("key", keep="first", maintain_order=True)


def corrupt(blobs: Blobs, name: str, cause: Exception | str) -> CorruptStateError:
    """Return the error for a part that cannot be used."""
    return CorruptStateError(
        f"{blobs.shown(name)} cannot be trusted ({cause}); delete that file: its entries are "
        "computed again"
    )
