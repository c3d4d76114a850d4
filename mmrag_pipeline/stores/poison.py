"""Messages that nobody can read, kept for people to see; they never block others."""

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.json_blobs import DamagedBlobError, read_json, write_json

KEEP = 1_000
"""Messages that are kept at least; older ones go, one put at a time."""
MAX_BODY_CHARACTERS = 16_384
_FOLDER = "poison"
_NAME = re.compile(r"poison/messages-\d{20}-(\d{6})-[0-9a-f]{32}\.json")


@dataclass(frozen=True, slots=True)
class Poison:
    """A message of the queue that was set aside."""

    body: str
    """Cut after MAX_BODY_CHARACTERS when it is kept."""
    cause: str
    message_id: str
    at: datetime


class PoisonBox:
    """Blobs `poison/messages-TIME-COUNT-UNIQUE.json`, one for each put."""

    def __init__(self, blobs: Blobs, *, keep: int = KEEP) -> None:
        self._blobs = blobs
        self._keep = keep

    def put(self, messages: Sequence[Poison]) -> None:
        """Keep messages, the last ones of many, durably; raises StateUnavailableError."""
        kept = messages[-self._keep :]
        if not kept:
            return
        unique = f"{time.time_ns():020d}-{len(kept):06d}-{uuid.uuid4().hex}"
        write_json(self._blobs, f"{_FOLDER}/messages-{unique}.json", [_row(m) for m in kept])
        self._trim()

    def poisoned(self) -> list[Poison]:
        """Return the kept messages, newest first; raises StateUnavailableError."""
        found: list[Poison] = []
        for name, _ in self._newest():
            found += self._read(name)
        return found[: self._keep]

    def _newest(self) -> Iterator[tuple[str, int]]:
        """Yield name and count of each put, newest first."""
        for name in sorted(self._blobs.names(_FOLDER), reverse=True):
            if match := _NAME.fullmatch(name):
                yield name, int(match[1])

    def _trim(self) -> None:
        """Remove old puts, as far as enough messages stay without them."""
        held = 0
        stale: list[str] = []
        try:
            for name, count in self._newest():
                stale += [name] if held >= self._keep else []
                held += count
            self._blobs.delete(stale)
        except StateUnavailableError:
            return  # the messages are kept; the next put tries again

    def _read(self, name: str) -> list[Poison]:
        try:
            return _messages(read_json(self._blobs, name))
        except FileNotFoundError:
            return []
        except (DamagedBlobError, ValueError):
            cause = f"{self._blobs.shown(name)!r:.300} held messages and is damaged"
            return [Poison("", cause, "", datetime.fromtimestamp(_seconds(name), UTC))]


def _seconds(name: str) -> float:
    return int(name.split("-")[1]) / 1e9


def _row(message: Poison) -> list[str]:
    body = message.body[:MAX_BODY_CHARACTERS].encode("utf-8", "replace").decode()
    return [body, message.cause, message.message_id, message.at.isoformat()]


def _messages(value: Json) -> list[Poison]:
    """Return the messages of one put, newest first; raises ValueError."""
    if not isinstance(value, list):
        raise ValueError("it is no list of messages")
    return [_message(row) for row in reversed(value)]


def _message(row: Json) -> Poison:
    match row:
        case [str(body), str(cause), str(message_id), str(at)]:
            return Poison(body, cause, message_id, datetime.fromisoformat(at))
    raise ValueError("it is no message")
