"""Costly results by content: look them up, work out what is missing, commit batch by batch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.failures import Failure, failure, failure_table, settled
from mmrag_pipeline.indexing.station import Job, Made, World

Row = tuple[object, ...]


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
    lasting = settled(job.failures, attempts=world.settings.transient_attempts)
    given_up = lasting.filter(pl.col("item").is_in(distinct.implode()))
    missing = world.memo.missing(shelf.station, shelf.fingerprint, distinct)
    still_open = missing.filter(~missing.is_in(given_up["item"].implode()))
    return Missing(still_open.to_list(), given_up, distinct.len() - missing.len())


def remembered(world: World, shelf: Shelf, wanted: pl.Series) -> pl.DataFrame:
    """Return the memo's rows of the wanted keys, in the shelf's schema."""
    keys = wanted.unique(maintain_order=True)
    if keys.is_empty():
        return pl.DataFrame(schema=shelf.schema)
    rows = world.memo.fetch(shelf.station, shelf.fingerprint, keys)
    return rows if rows.width else pl.DataFrame(schema=shelf.schema)


class Batch:
    """Commits one station's results, one memo file a call, and keeps its failures."""

    def __init__(self, world: World, job: Job, shelf: Shelf) -> None:
        self._world, self._job, self._shelf = world, job, shelf
        self.failures: list[Failure] = []
        self.computed = 0

    def commit(self, keys: Sequence[str], results: Iterable[Row | ItemError]) -> None:
        """Append the results of these keys to the memo; failed ones become failure rows."""
        rows: list[Row] = []
        for key, result in zip(keys, results, strict=True):
            self.computed += 1
            if isinstance(result, ItemError):
                self.failures.append(failure(key, result))
            else:
                rows.append((key, *result))
        if rows:
            shelf = self._shelf
            frame = pl.DataFrame(rows, schema=shelf.schema, orient="row")
            self._world.memo.append(shelf.station, shelf.fingerprint, self._job.partition, frame)

    def lose(self, keys: Iterable[str], error: ItemError) -> None:
        """Note that these keys could not even be given to the engine."""
        self.failures.extend(failure(key, error) for key in keys)

    def made(self, table: pl.DataFrame, missing: Missing) -> Made:
        """Return the station's result: its table, its failures old and found, its cost."""
        return Made(
            table=table,
            failures=failure_table(self.failures, missing.given_up, self._job.failures),
            computed=self.computed,
            reused=missing.reused,
        )


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield consecutive slices of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
