"""What the memo holds of parsed files; of several parses of a content the best one counts."""

import polars as pl

from mmrag_pipeline.indexing.remember import Shelf, remembered
from mmrag_pipeline.indexing.station import World

_AGAIN = "#"
"""Ends the key of a later, better parse: the memo keeps the first row of a key for ever."""


def content_of(key: str) -> str:
    """Return the content key that a memo key is about."""
    return key.rstrip(_AGAIN)


def key_after(key: str) -> str:
    """Return the memo key of a parse that is better than this one."""
    return key + _AGAIN


def best_parses(world: World, place: Shelf, contents: pl.Series) -> pl.DataFrame:
    """Return the shelf's columns and `memo_key`: each parsed content with its best parse."""
    asked = rows = remembered(world, place, contents)
    while (flawed := with_problems(asked)).height:
        asked = remembered(world, place, flawed["key"] + _AGAIN)
        rows = pl.concat([rows, asked])
    named = rows.with_columns(memo_key="key", key=pl.col("key").str.strip_chars_end(_AGAIN))
    return named.unique("key", keep="last", maintain_order=True)


def with_problems(parses: pl.DataFrame) -> pl.DataFrame:
    """Return the parses of files some pages of which could not be read."""
    return parses.filter(pl.col("problems").list.len() > 0)
