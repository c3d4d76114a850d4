"""Notices of changes, kept until a run has absorbed them, whatever dies in between."""

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from mmrag_pipeline.errors import CorruptStateError, SettingsError, StateUnavailableError
from mmrag_pipeline.events import latest
from mmrag_pipeline.ids import Json, check_partition
from mmrag_pipeline.records import Event, Pending
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.json_blobs import DamagedBlobError, read_json, write_json

MERGE_ABOVE = 256
"""Entries of a partition that a put leaves as they are; more are merged into one."""
_FOLDER = "inbox"
_ENTRY = re.compile(r"events-\d{20}-[0-9a-f]{32}\.json")
_REVISION = 1
_AT_ONCE = 8
"""Blobs read or written at the same time."""
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One blob of the inbox; `events` is None when it is damaged."""

    name: str
    events: tuple[Event, ...] | None


class BlobInbox:
    """Blobs `inbox/PARTITION/events-TIME-UNIQUE.json`, never edited (ports.Inbox).

    Whoever reads while others merge sees each event in an entry, or finds it at the next look:
    the merged entry is there before the others go.
    """

    def __init__(self, blobs: Blobs, *, merge_above: int = MERGE_ABOVE) -> None:
        self._blobs = blobs
        self._merge_above = merge_above

    def put(self, events: Mapping[str, Sequence[Event]]) -> None:
        """Keep events by partition, one blob each, durably before it returns.

        Raises StateUnavailableError, or SettingsError for a name that is no partition's; part of
        the events may be kept then.
        """
        kept = {check_partition(name): held for name, held in events.items() if held}
        if kept:
            _each(lambda name: self._write(name, kept[name]), kept)
            self._tidy(kept)

    def pending(self, partition: str) -> Pending:
        """Return what is held of a partition; raises StateUnavailableError.

        A damaged entry is told of and blocks nothing.
        """
        entries = self._read(self._names(f"{_FOLDER}/{check_partition(partition)}"))
        return Pending(
            _merged(entries),
            tuple(entry.name for entry in entries),
            damaged=any(entry.events is None for entry in entries),
        )

    def forget(self, partition: str, tokens: Sequence[str]) -> None:
        """Remove absorbed entries; absent ones are fine.

        Raises StateUnavailableError, or CorruptStateError for what is no entry of the partition.
        """
        folder = f"{_FOLDER}/{check_partition(partition)}/"
        for token in tokens:
            if not token.startswith(folder) or not _ENTRY.fullmatch(token, len(folder)):
                raise CorruptStateError(
                    f"{token!r:.300} is no entry of the inbox of {partition!r}: nothing was "
                    "removed; give back the tokens that came with what was pending"
                )
        self._blobs.delete(tokens)

    def entries(self) -> dict[str, list[str]]:
        """Return partition -> the tokens of its entries, both sorted; costs one listing.

        Raises StateUnavailableError.
        """
        held: dict[str, list[str]] = {}
        for name in self._names(_FOLDER):
            held.setdefault(name.split("/")[1], []).append(name)
        return {partition: sorted(held[partition]) for partition in sorted(held)}

    def partitions(self) -> list[str]:
        """Return the partitions that hold entries, sorted; raises StateUnavailableError."""
        return list(self.entries())

    def _names(self, folder: str) -> list[str]:
        """Return the entries under a folder; whatever else lies there is not ours."""
        names = (name.split("/") for name in self._blobs.names(folder))
        ours = (n for n in names if len(n) == 3 and _ENTRY.fullmatch(n[2]) and _fits(n[1]))
        return ["/".join(n) for n in ours]

    def _write(self, partition: str, events: Iterable[Event]) -> None:
        name = f"{_FOLDER}/{partition}/events-{time.time_ns():020d}-{uuid.uuid4().hex}.json"
        rows = [[e.key, e.sequencer, e.kind, e.happened_at.isoformat()] for e in events]
        write_json(self._blobs, name, {"revision": _REVISION, "events": rows})

    def _read(self, names: Sequence[str]) -> list[_Entry]:
        """Return the entries that are still there."""
        return [entry for entry in _each(self._open, names) if entry]

    def _open(self, name: str) -> _Entry | None:
        try:
            return _Entry(name, _events(read_json(self._blobs, name)))
        except FileNotFoundError:
            return None  # forgotten, or merged by another: then it is found at the next look
        except (DamagedBlobError, ValueError):
            return _Entry(name, None)

    def _tidy(self, partitions: Iterable[str]) -> None:
        """Merge what has become many entries."""
        try:
            held = self.entries()
            for partition in partitions:
                if len(names := held.get(partition, [])) > self._merge_above:
                    self._merge(partition, names)
        except StateUnavailableError:
            return  # nothing is lost: the events are kept, and the next put tries again

    def _merge(self, partition: str, names: Sequence[str]) -> None:
        whole = [entry for entry in self._read(names) if entry.events is not None]
        if len(whole) > 1:
            self._write(partition, _merged(whole))
            self._blobs.delete(entry.name for entry in whole)


def put_at(token: str) -> float:
    """Return when an entry was put, in Unix seconds."""
    return int(token.rpartition("/")[2].split("-")[1]) / 1e9


def _fits(partition: str) -> bool:
    try:
        return bool(check_partition(partition))
    except SettingsError:
        return False


def _merged(entries: Iterable[_Entry]) -> tuple[Event, ...]:
    return latest(event for entry in entries for event in entry.events or ())


def _each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do the work for each item, several at a time; raises what one of them raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))


def _events(value: Json) -> tuple[Event, ...]:
    """Return the events of an entry; raises ValueError when it says anything else."""
    match value:
        case {"revision": int(revision), "events": [*rows]} if revision == _REVISION:
            return tuple(map(_event, rows))
    raise ValueError("it is no entry of an inbox")


def _event(row: Json) -> Event:
    match row:
        case [str(key), str(sequencer), str(kind), str(time)] if key.encode():
            return Event(key, sequencer, kind, _utc(time))
    raise ValueError("it is no event")


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0):
        raise ValueError("it is no time in UTC")
    return moment.replace(tzinfo=UTC)
