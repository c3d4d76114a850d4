"""Keeps the memo small: few files, and nothing old that no table refers to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from mmrag_pipeline.indexing.references import (
    SOUND,
    References,
    is_known,
    is_referenced,
    references,
)
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import MemoKeeper, TableCatalog

_FOR_EVER_DAYS = 100_000.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What upkeep did with one shelf of the memo."""

    station: str
    fingerprint: str
    entries: int
    """Left after it."""
    merged: int
    """Files fewer than before."""
    dropped: int
    """Entries that no table referred to."""


def keep_small(
    world: World, keeper: MemoKeeper, catalog: TableCatalog, *, keep_days: float
) -> list[Kept]:
    """Merge small files; drop entries older than `keep_days` days that no table refers to.

    Shelves of stations that are not known here are left alone. No run may be under way. Raises
    CorruptStateError when a table cannot be read, before anything is dropped.
    """
    held = references(catalog)
    since = world.clock() - timedelta(days=min(keep_days, _FOR_EVER_DAYS))
    shelves = [shelf for shelf in keeper.shelves() if is_known(shelf[0])]
    kept = [_keep(keeper, *shelf, held=held, since=since) for shelf in shelves]
    return [_unproven(keeper, one, kept) if one.station == SOUND else one for one in kept]


def _unproven(keeper: MemoKeeper, proofs: Kept, kept: Sequence[Kept]) -> Kept:
    """Drop what a check found out about vectors some of which are gone: they may come anew."""
    if not any(one.dropped for one in kept if one.fingerprint == proofs.fingerprint):
        return proofs
    dropped = keeper.retain(SOUND, proofs.fingerprint, lambda keys, _: ~_yes(keys))
    return replace(proofs, entries=0, dropped=proofs.dropped + dropped)


def _keep(
    keeper: MemoKeeper, station: str, fingerprint: str, *, held: References, since: datetime
) -> Kept:
    seen = 0

    def keep(keys: pl.Series, written_at: datetime) -> pl.Series:
        nonlocal seen
        seen += keys.len()
        if written_at >= since:
            return _yes(keys)
        return is_referenced(held, station, keys)

    merged = keeper.compact(station, fingerprint)
    dropped = keeper.retain(station, fingerprint, keep)
    return Kept(station, fingerprint, seen - dropped, merged, dropped)


def drop_unreferenced(keeper: MemoKeeper, held: References) -> dict[str, int]:
    """Drop all entries that no table refers to, however young; return `memo/STATION` -> how many.

    Shelves of stations that are not known here are left alone.
    """
    dropped: Counter[str] = Counter()
    for station, fingerprint in keeper.shelves():
        if is_known(station):
            keep = partial(_is_needed, held, station)
            dropped[f"memo/{station}"] += keeper.retain(station, fingerprint, keep)
    return dict(dropped)


def unreferenced(keeper: MemoKeeper, held: References) -> dict[str, int]:
    """Return `memo/STATION` -> entries that no table refers to, or none is known to.

    Looks through every file of the memo and changes nothing.
    """
    found: Counter[str] = Counter()

    def look(station: str, keys: pl.Series, _written_at: datetime) -> pl.Series:
        known = is_referenced(held, station, keys) if is_known(station) else None
        found[f"memo/{station}"] += keys.len() - (int(known.sum()) if known is not None else 0)
        return _yes(keys)

    for station, fingerprint in keeper.shelves():
        keeper.retain(station, fingerprint, partial(look, station))
    return dict(found)


def _is_needed(held: References, station: str, keys: pl.Series, _written_at: datetime) -> pl.Series:
    return is_referenced(held, station, keys)


def _yes(keys: pl.Series) -> pl.Series:
    return pl.repeat(True, keys.len(), dtype=pl.Boolean, eager=True)
