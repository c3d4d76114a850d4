"""Items that failed: rows in a side table, so that nothing is ever only a log line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from mmrag_pipeline.errors import ItemError, MmragError
from mmrag_pipeline.schemas import FAILURES

Item = TypeVar("Item")
Result = TypeVar("Result")
ENGINE_FAILED = "engine_failed"
NOT_HAD = ("vanished", "unreadable", "changed")
"""Reasons of bytes that could not be had, for now or for lack of a permission."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that ended as failed; field order is FAILURES' column order."""

    item: str
    reason: str
    message: str
    bytes_seen: int = 0
    transient: bool = False


def failure(item: str, error: ItemError, *, bytes_seen: int = 0) -> Failure:
    """Return the row of an error that belongs to one item."""
    return Failure(item, error.reason, str(error), bytes_seen, error.transient)


def failures_of(station: str) -> str:
    """Return the name of a station's side table."""
    return f"failures.{station}"


def open_retries(previous: pl.DataFrame, attempts: int) -> pl.DataFrame:
    """Return the failures for whose sake alone a station runs again."""
    return previous.filter(pl.col("transient") & (pl.col("attempts") < attempts))


def settled(previous: pl.DataFrame, attempts: int) -> pl.DataFrame:
    """Return the failures that are not tried again: lasting ones and worn-out passing ones.

    Bytes that could not be had never settle: asking again whenever the station runs costs
    nothing, and the file that became readable is the very change it runs for.
    """
    passing = pl.col("transient") & (pl.col("attempts") < attempts)
    return previous.filter(~passing & ~pl.col("reason").is_in(NOT_HAD))


def failure_table(
    found: Iterable[Failure], kept: pl.DataFrame, previous: pl.DataFrame
) -> pl.DataFrame:
    """Return FAILURES rows: `kept` as they are, `found` with one attempt more than before."""
    rows = [(f.item, f.reason, f.message, f.bytes_seen, f.transient, 1) for f in found]
    fresh = pl.DataFrame(rows, schema=FAILURES, orient="row").unique("item", keep="first")
    before = previous.select("item", before="attempts")
    counted = fresh.join(before, on="item", how="left").with_columns(
        (pl.col("attempts") + pl.col("before").fill_null(0)).cast(pl.Int32).alias("attempts")
    )
    return pl.concat([kept.select(FAILURES.names()), counted.select(FAILURES.names())]).sort("item")


def engine_failure(cause: str) -> ItemError:
    """Return the error of an item that an engine failed on: perhaps only the engine's fault."""
    message = f"the engine failed on it: {cause}"
    return ItemError(message, reason=ENGINE_FAILED, transient=True)


def each_alone(
    call: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item]
) -> list[Result | ItemError]:
    """Call an engine on a batch; when that fails, on each item, so that one costs only itself.

    Our own errors (a model that is missing or drifts) and lack of memory stop the run:
    they are not the item's fault.
    """
    try:
        return list(call(items))
    except (MmragError, MemoryError):
        raise
    except Exception as error:
        if len(items) == 1:
            return [engine_failure(repr(error))]
    return [result for item in items for result in each_alone(call, [item])]
