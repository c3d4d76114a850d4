"""The ledger of what was spent: a blob per try of a step, put together by month when it is old."""

import json
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import polars as pl
from pydantic import TypeAdapter, ValidationError

from mmrag_pipeline.cost_records import (
    SPENT,
    Attempt,
    End,
    Spent,
    Told,
    spent_table,
    with_currency,
)
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.stores.blobs import Blobs, read_blob
from mmrag_pipeline.stores.json_blobs import DamagedBlobError, read_json, write_json
from mmrag_pipeline.stores.memo_parts import at_once
from mmrag_pipeline.stores.parquet import NotParquetError, read_rows

SETTLED = timedelta(days=2)
"""A try that began longer ago writes no more: no step lasts so long (MMRAG_K8S_DEADLINE_S)."""
OPEN = "open"
"""End of a try that was not billed yet: it is at work, or nobody came after it."""
_OWN: End = "done"
"""End in a bill that a try wrote itself."""
_OPEN, _BILLS = "costs/open", "costs/bills"
_BILL = re.compile(rf"{_BILLS}/\d{{4}}-\d\d/bill-(?P<time>\d{{20}})-[0-9a-f]{{32}}\.json")
_PART = re.compile(rf"{_BILLS}/\d{{4}}-\d\d/part-\d{{20}}-[0-9a-f]{{12}}\.parquet")
_READERS = 8
_ATTEMPT = TypeAdapter(Attempt)
_ROWS = TypeAdapter(list[Spent])


class BlobLedger:
    """Blobs `costs/bills/MONTH/bill-START-TRY.json` and `costs/open/PARTITION/TRY.json`.

    A bill is written whole under a name that only its try has: writing it again changes nothing.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def tell(self, attempt: Attempt) -> None:
        """Keep how far a try has come; raises StateUnavailableError."""
        value = json.loads(_ATTEMPT.dump_json(attempt))
        write_json(self._blobs, _open_name(attempt.partition, attempt.attempt_id), value)

    def told(self, partition: str) -> Told:
        """Return the tries on a partition that were not billed since; raises StateUnavailableError.

        One is damaged if its word is, or the bill that would say whether it was billed.
        """
        attempts, damaged = list[Attempt](), list[str]()
        for name in self._blobs.names(f"{_OPEN}/{check_partition(partition)}"):
            try:
                attempt = self._attempt(name)
                if attempt is not None and not self._is_done(attempt):
                    attempts.append(attempt)
            except CorruptStateError as error:
                damaged.append(str(error))
        return Told(attempts, damaged)

    def bill(self, rows: Sequence[Spent]) -> None:
        """Write down the rows of one try, then forget what it told of itself.

        What others write of it takes the place of less only, and never of its own word.
        Raises CorruptStateError and StateUnavailableError.
        """
        if rows:
            first = rows[0]
            name = _bill_name(first.at, first.attempt_id)
            if first.end == _OWN or _weight(rows) > _weight(self._bill_or_none(name)):
                write_json(self._blobs, name, json.loads(_ROWS.dump_json(list(rows))))
            if first.partition:
                self._blobs.delete([_open_name(first.partition, first.attempt_id)])

    def spent(self, since: datetime | None = None) -> Iterator[pl.DataFrame]:
        """Yield SPENT month by month, each try once, those that are open with the month they began.

        Raises CorruptStateError and StateUnavailableError.
        """
        begin = since or datetime.min.replace(tzinfo=UTC)
        opened: dict[str, list[Spent]] = {}
        # before bills are listed: a try that is billed meanwhile is seen twice and counts once
        for attempt in self._open(_OPEN):
            rows = [replace(row, end=OPEN) for row in attempt.spent()]
            opened.setdefault(f"{attempt.started_at:%Y-%m}", []).extend(rows)
        billed = _by_month(self._blobs.names(_BILLS))
        for month in sorted({*billed, *opened}):
            if month >= f"{begin:%Y-%m}":
                found = self._rows(billed.get(month, ()), opened.get(month, ()))
                yield found.filter(pl.col("at") >= begin)
        yield spent_table([])  # of no month, so that there always is one

    def compact(self, now: datetime) -> int:
        """Put bills together that nobody writes any more; return how many files that removed.

        A try that nobody came after is billed as far as it told, one that has a bill is closed.
        Killed half-way it leaves rows twice, which count once. Raises as `spent`.
        """
        for attempt in self._open(_OPEN):
            if attempt.started_at < now - SETTLED:
                self.bill(attempt.spent())
        removed = 0
        for month, names in _by_month(self._blobs.names(_BILLS)).items():
            old = [name for name in names if _is_settled(name, now)]
            if len(old) > 1:
                unique = f"part-{time.time_ns():020d}-{uuid.uuid4().hex[:12]}.parquet"
                _write(self._blobs, f"{_BILLS}/{month}/{unique}", self._rows(old))
                self._blobs.delete(old)
                removed += len(old) - 1
        return removed

    def _open(self, folder: str) -> Iterator[Attempt]:
        for name in self._blobs.names(folder):
            attempt = self._attempt(name)
            if attempt is not None:
                yield attempt

    def _attempt(self, name: str) -> Attempt | None:
        try:
            return _ATTEMPT.validate_python(read_json(self._blobs, name))
        except FileNotFoundError:
            return None  # billed by now
        except (DamagedBlobError, ValidationError) as error:
            raise self._corrupt(name) from error

    def _is_done(self, attempt: Attempt) -> bool:
        """Return whether a try was billed by itself, and killed before it could say that."""
        return _weight(self._bill_or_none(_bill_name(attempt.started_at, attempt.attempt_id)))[0]

    def _bill(self, name: str) -> list[Spent]:
        try:
            return _ROWS.validate_python(read_json(self._blobs, name))
        except (DamagedBlobError, ValidationError) as error:
            raise self._corrupt(name) from error

    def _rows(self, names: Sequence[str], opened: Sequence[Spent] = ()) -> pl.DataFrame:
        """Return rows of blobs and of open tries, each try once.

        It counts as it billed itself, in its last bill; else as the most that was said of it.
        """
        parts = [self._part(name) for name in names if _PART.fullmatch(name)]
        bills = at_once(
            self._bill_or_none, [n for n in names if _BILL.fullmatch(n)], workers=_READERS
        )
        billed = [row for bill in bills for row in bill]
        is_own = pl.col("end") == _OWN
        return (
            pl.concat([*parts, spent_table([*opened, *billed])])
            .filter(is_own | ~is_own.any().over("attempt_id"))
            .sort(pl.when(is_own).then(0.0).otherwise("seconds"), maintain_order=True)
            .unique(["attempt_id", "station"], keep="last", maintain_order=True)
            .sort("at", "station")
        )

    def _bill_or_none(self, name: str) -> list[Spent]:
        try:
            return self._bill(name)
        except FileNotFoundError:
            return []  # put together with others meanwhile: counted there

    def _part(self, name: str) -> pl.DataFrame:
        try:
            rows = read_blob(self._blobs, name, read_rows)
        except NotParquetError as error:
            raise self._corrupt(name) from error
        if rows is None:
            return spent_table([])
        rows = with_currency(rows)
        if rows.schema != SPENT:
            raise self._corrupt(name)
        return rows

    def _corrupt(self, name: str) -> CorruptStateError:
        return CorruptStateError(
            f"{self._blobs.shown(name)!r:.300} cannot be trusted; delete that file: what it says "
            "was spent is missing from costs then, nothing else"
        )


def _weight(rows: Sequence[Spent]) -> tuple[bool, float]:
    """Return what makes one bill of a try hold against another."""
    return any(row.end == _OWN for row in rows), sum(row.seconds for row in rows)


def _by_month(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        if _BILL.fullmatch(name) or _PART.fullmatch(name):
            found.setdefault(name.split("/")[2], []).append(name)
    return found


def _is_settled(name: str, now: datetime) -> bool:
    bill = _BILL.fullmatch(name)
    return bill is None or int(bill["time"]) / 1e9 < (now - SETTLED).timestamp()


def _open_name(partition: str, attempt_id: str) -> str:
    return f"{_OPEN}/{check_partition(partition)}/{attempt_id}.json"


def _bill_name(at: datetime, attempt_id: str) -> str:
    nanoseconds = int(at.timestamp() * 1_000_000) * 1_000
    return f"{_BILLS}/{at:%Y-%m}/bill-{nanoseconds:020d}-{attempt_id}.json"


def _write(blobs: Blobs, name: str, rows: pl.DataFrame) -> None:
    def fill(file: BinaryIO) -> None:
        rows.write_parquet(file)

    blobs.write(name, fill)
