"""Keeps the memo small: few files, and nothing old that no table refers to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from mmrag_pipeline.indexing.receipts import UNREFERENCED
from mmrag_pipeline.indexing.references import (
    SOUND,
    References,
    is_known,
    is_referenced,
    references,
)
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import MemoKeeper

_FOR_EVER_DAYS = 100_000.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """What upkeep did with one shelf of the memo."""

    station: str
    fingerprint: str
    entries: int
    """Left after it."""
    merged: int
    """Files fewer than before."""
    dropped: int
    """Entries that no table referred to."""


def keep_small(world: World, keeper: MemoKeeper, *, keep_days: float) -> list[Tidied]:
    """Merge small files; drop entries older than `keep_days` days that no table refers to.

    What checks found out about vectors goes as soon as no table refers to these. Shelves of
    stations that are not known here are left alone. No run may be under way. Raises
    CorruptStateError when a table cannot be read, before anything is dropped.
    """
    held = references(world.tables)
    since = world.clock() - timedelta(days=min(keep_days, _FOR_EVER_DAYS))
    return [
        _keep(keeper, *shelf, held=held, since=since)
        for shelf in _proofs_first(keeper.shelves())
        if is_known(shelf[0])
    ]


def _proofs_first(shelves: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return shelves in an order in which no proof of a check outlives its vector for a moment.

    A vector that went may come again as another one.
    """
    return sorted(shelves, key=lambda shelf: shelf[0] != SOUND)


def _keep(
    keeper: MemoKeeper, station: str, fingerprint: str, *, held: References, since: datetime
) -> Tidied:
    seen = 0

    def keep(keys: pl.Series, written_at: datetime) -> pl.Series:
        nonlocal seen
        seen += keys.len()
        if written_at >= since and station != SOUND:
            return _yes(keys)
        return is_referenced(held, station, keys)

    merged = keeper.compact(station, fingerprint)
    dropped = keeper.retain(station, fingerprint, keep)
    return Tidied(station, fingerprint, seen - dropped, merged, dropped)


@dataclass(slots=True)
class _Sorting:
    """Which entries of a station stay, and whose the others are."""

    station: str
    held: References
    own: References
    theirs: int = 0
    """Entries about `own`."""
    others: int = 0

    def keep(self, keys: pl.Series, _written_at: datetime) -> pl.Series:
        """Keep what a table refers to; count what else there is."""
        needed = is_referenced(self.held, self.station, keys)
        about = is_referenced(self.own, self.station, keys)
        self.theirs += int((~needed & about).sum())
        self.others += int((~needed & ~about).sum())
        return needed

    def places(self, theirs: int, others: int) -> Counter[str]:
        """Return the names under which a receipt counts them."""
        return Counter({f"memo/{self.station}": theirs, f"{UNREFERENCED}{self.station}": others})


def drop_unreferenced(keeper: MemoKeeper, held: References, *, own: References) -> dict[str, int]:
    """Drop all entries that no table refers to, however young; return place -> how many.

    `memo/STATION` are those about `own`, `unreferenced/STATION` all others. Shelves of stations
    that are not known here are left alone.
    """
    dropped: Counter[str] = Counter()
    for station, fingerprint in _proofs_first(keeper.shelves()):
        if is_known(station):
            found = _Sorting(station, held, own)
            gone = keeper.retain(station, fingerprint, found.keep)
            theirs = min(found.theirs, gone)
            dropped += found.places(theirs, gone - theirs)
    return dict(dropped)


def unreferenced(keeper: MemoKeeper, held: References, *, own: References) -> dict[str, int]:
    """Return the same places -> entries that no table refers to.

    All of a station that is not known here count as about `own`: they may be. Looks through
    every file of the memo and changes nothing.
    """
    left: Counter[str] = Counter()
    for station, fingerprint in keeper.shelves():
        found = _Sorting(station, held, own)
        keeper.retain(station, fingerprint, partial(_look, found))
        left += found.places(found.theirs, found.others)
    return dict(left)


def _look(found: _Sorting, keys: pl.Series, written_at: datetime) -> pl.Series:
    if is_known(found.station):
        found.keep(keys, written_at)
    else:
        found.theirs += keys.len()
    return _yes(keys)


def _yes(keys: pl.Series) -> pl.Series:
    return pl.repeat(True, keys.len(), dtype=pl.Boolean, eager=True)
