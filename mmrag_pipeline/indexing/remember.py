"""Costly results by content: look them up, work out what is missing, commit batch by batch."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mmrag_pipeline.errors import ItemError, ModelUnavailableError
from mmrag_pipeline.indexing.failures import (
    ENGINE_FAILED,
    Failure,
    failure,
    failure_table,
    settled,
)
from mmrag_pipeline.indexing.preemption import batch_s
from mmrag_pipeline.indexing.station import Job, Made, World

Row = tuple[object, ...]
COMMIT_ITEMS = 256
"""Enough that a memo is not thousands of small files, whose syncs outlast a fast model."""
COMMIT_S = 5.0
_HOPELESS = 8
"""Items an engine may fail on in a row before it is itself in doubt."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where in the memo one kind of result lies."""

    station: str
    fingerprint: str
    schema: pl.Schema
    """Columns of a memo row, `key` first."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What is still to be computed, and the failures that are not tried again."""

    keys: pl.Series
    given_up: pl.DataFrame
    reused: int


def find_missing(world: World, job: Job, shelf: Shelf, wanted: pl.Series) -> Missing:
    """Return the wanted keys that neither the memo nor a lasting failure answers."""
    missing = world.memo.missing(shelf.station, shelf.fingerprint, wanted)
    reused = wanted.n_unique() - missing.len()
    lasting = settled(job.failures, world.settings.transient_attempts)
    if lasting.is_empty() or job.mode.replay:
        still_open, given_up = missing, lasting.clear()
    else:
        given_up = lasting.filter(pl.col("item").is_in(missing.implode()))
        still_open = missing.filter(~missing.is_in(given_up["item"].implode()))
    if not still_open.is_empty():
        world.meter.begins()
    return Missing(still_open, given_up, reused)


def remembered(world: World, shelf: Shelf, wanted: pl.Series) -> pl.DataFrame:
    """Return the memo's rows of the wanted keys, in the shelf's schema."""
    keys = wanted.unique(maintain_order=True)
    if keys.is_empty():
        return pl.DataFrame(schema=shelf.schema)
    rows = world.memo.fetch(shelf.station, shelf.fingerprint, keys)
    return pl.DataFrame(schema=shelf.schema) if rows.is_empty() else rows


def held_keys(world: World, shelf: Shelf, wanted: pl.Series) -> pl.DataFrame:
    """Return (key): the distinct wanted keys that the memo holds, their results left unread."""
    missing = world.memo.missing(shelf.station, shelf.fingerprint, wanted)
    keys = wanted.alias("key").unique(maintain_order=True)
    return keys.to_frame().join(missing.alias("key").to_frame(), on="key", how="anti")


class Batch:
    """Commits one station's results, some a memo file, and keeps its failures.

    What is not committed yet is what a killed process has to do again: never more than
    the last call's results beside `COMMIT_ITEMS`, nor much more than `COMMIT_S` of work, or a
    batch's share of the time in which a machine ends.
    """

    def __init__(self, world: World, job: Job, shelf: Shelf) -> None:
        self._world, self._job, self._shelf = world, job, shelf
        self._rows: list[Row] = []
        self._since = time.monotonic()
        self.failures: list[Failure] = []
        self.computed = 0
        self._failed_in_a_row = 0

    def commit(self, keys: Sequence[str], results: Iterable[Row | ItemError]) -> None:
        """Take the results of these keys for the memo; failed ones become failure rows."""
        self._world.meter.handed()
        for key, result in zip(keys, results, strict=True):
            self.computed += 1
            if isinstance(result, ItemError):
                self.failures.append(failure(key, result))
                self._failed_in_a_row += result.reason == ENGINE_FAILED
            else:
                self._rows.append((key, *result))
                self._failed_in_a_row = 0
        self._check_engine()
        if len(self._rows) >= COMMIT_ITEMS or self._is_due():
            self.flush()

    def _is_due(self) -> bool:
        within_s = min(COMMIT_S, batch_s(self._world.settings.grace_period_s))
        return time.monotonic() - self._since > within_s

    def flush(self) -> None:
        """Append what is not in the memo yet."""
        # let go of them first: asked to end in the middle, nothing is appended twice
        rows, self._rows, self._since = self._rows, [], time.monotonic()
        if rows:
            self._world.meter.keeps()
            shelf = self._shelf
            frame = _frame(rows, shelf.schema)
            self._world.memo.append(shelf.station, shelf.fingerprint, self._job.partition, frame)

    def lose(self, keys: Iterable[str], error: ItemError) -> None:
        """Note that these keys could not even be given to the engine."""
        self.failures.extend(failure(key, error) for key in keys)

    def made(
        self, table: pl.DataFrame, missing: Missing, *, partial: pl.DataFrame | None = None
    ) -> Made:
        """Return the station's result: its table, its failures old and found, its cost.

        `partial` are failures that belong to remembered results.
        """
        kept = missing.given_up if partial is None else pl.concat([missing.given_up, partial])
        return Made(
            table=table,
            failures=failure_table(self.failures, kept, self._job.failures),
            computed=self.computed,
            reused=missing.reused,
        )

    def _check_engine(self) -> None:
        """Stop the run when an engine fails on one item after the other: they are not to blame.

        Going on would take all the rest out of the index. What was done is kept.
        """
        if self._failed_in_a_row < _HOPELESS:
            return
        self.flush()
        station = self._shelf.station
        raise ModelUnavailableError(
            f"{station}: the engine failed on the last {self._failed_in_a_row} of "
            f"{self.computed} items it was given (the last time: {self.failures[-1].message}). "
            "The index was left as it is, finished results are kept; check the model that the "
            f"settings name for {station} and run again",
            setting=station,
        )


def _frame(rows: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    """Return rows as a frame; vectors go in as one matrix, not number by number."""
    kinds = list(schema.dtypes())
    if len(kinds) != 2 or not isinstance(kinds[1], pl.Array):
        return pl.DataFrame(rows, schema=schema, orient="row")
    keys, vectors = zip(*rows, strict=True)
    matrix = np.asarray(vectors, dtype=np.float32)
    return pl.DataFrame(dict(zip(schema, (keys, matrix), strict=True)), schema=schema)


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield consecutive slices of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
