"""Items that failed: rows in a side table, so that nothing is ever only a log line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from mmrag_pipeline.errors import ItemError, MmragError
from mmrag_pipeline.schemas import FAILURES

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def settled(previous: pl.DataFrame, *, attempts: int) -> pl.DataFrame:
    """Return the failures that are not tried again: lasting ones and worn-out passing ones."""
    return previous.filter(~pl.col("transient") | (pl.col("attempts") >= attempts))


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
    return pl.concat([kept.select(FAILURES), counted.select(FAILURES)]).sort("item")


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
            return [ItemError(f"the engine failed on it: {error!r}", reason="engine_failed")]
    return [result for item in items for result in each_alone(call, [item])]
