"""Costly results by content: look them up, work out what is missing, commit batch by batch."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import ItemError, ModelUnavailableError
from mmrag_pipeline.indexing.failures import (
    ENGINE_FAILED,
    Failure,
    failure,
    failure_table,
    settled,
)
from mmrag_pipeline.indexing.station import Job, Made, World

Row = tuple[object, ...]
COMMIT_ITEMS = 64
COMMIT_S = 5.0
_HOPELESS = 8
"""Items an engine may fail on in a row, from the first, before it is itself in doubt."""


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

    keys: list[str]
    given_up: pl.DataFrame
    reused: int


def find_missing(world: World, job: Job, shelf: Shelf, wanted: pl.Series) -> Missing:
    """Return the wanted keys that neither the memo nor a lasting failure answers."""
    distinct = wanted.unique(maintain_order=True)
    missing = world.memo.missing(shelf.station, shelf.fingerprint, distinct)
    lasting = settled(job.failures, world.settings.transient_attempts)
    tried = lasting.clear() if job.mode.replay else lasting
    given_up = tried.filter(pl.col("item").is_in(missing.implode()))
    still_open = missing.filter(~missing.is_in(given_up["item"].implode()))
    return Missing(still_open.to_list(), given_up, distinct.len() - missing.len())


def remembered(world: World, shelf: Shelf, wanted: pl.Series) -> pl.DataFrame:
    """Return the memo's rows of the wanted keys, in the shelf's schema."""
    keys = wanted.unique(maintain_order=True)
    if keys.is_empty():
        return pl.DataFrame(schema=shelf.schema)
    rows = world.memo.fetch(shelf.station, shelf.fingerprint, keys)
    return pl.DataFrame(schema=shelf.schema) if rows.is_empty() else rows


class Batch:
    """Commits one station's results, some a memo file, and keeps its failures.

    What is not committed yet is what a killed process has to do again: never more than
    the last call's results beside `COMMIT_ITEMS`, nor much more than `COMMIT_S` of work.
    """

    def __init__(self, world: World, job: Job, shelf: Shelf) -> None:
        self._world, self._job, self._shelf = world, job, shelf
        self._rows: list[Row] = []
        self._since = time.monotonic()
        self.failures: list[Failure] = []
        self.computed = 0

    def commit(self, keys: Sequence[str], results: Iterable[Row | ItemError]) -> None:
        """Take the results of these keys for the memo; failed ones become failure rows."""
        for key, result in zip(keys, results, strict=True):
            self.computed += 1
            if isinstance(result, ItemError):
                self.failures.append(failure(key, result))
            else:
                self._rows.append((key, *result))
        self._check_engine()
        if len(self._rows) >= COMMIT_ITEMS or time.monotonic() - self._since > COMMIT_S:
            self.flush()

    def flush(self) -> None:
        """Append what is not in the memo yet."""
        if self._rows:
            shelf = self._shelf
            frame = pl.DataFrame(self._rows, schema=shelf.schema, orient="row")
            self._world.memo.append(shelf.station, shelf.fingerprint, self._job.partition, frame)
        self._rows, self._since = [], time.monotonic()

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
        """Stop the run when an engine fails on everything: the items are not to blame.

        Going on would make each of them a lasting failure and empty the index.
        """
        engine = [f for f in self.failures if f.reason == ENGINE_FAILED]
        if len(engine) == self.computed >= _HOPELESS:
            station = self._shelf.station
            raise ModelUnavailableError(
                f"{station}: the engine failed on all {len(engine)} items it was given (the "
                f"first time: {engine[0].message}). Nothing was changed; check the model that "
                f"the settings name for {station}",
                setting=station,
            )


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield consecutive slices of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
