"""Answers that were given, in a Redis that several machines share."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.ids import Json

if TYPE_CHECKING:
    from redis import Redis

_PREFIX = "mmrag:answer:"
_RULES = "mmrag:redacted:"
_TIMEOUT_S = 2.0
"""A cache that takes longer costs more than it saves."""
_DAY_S = 86_400
_SCANNED = 500


@dataclass(frozen=True)
class RedisAnswers:
    """A key per answer that Redis lets expire (keepers.AnswerCache).

    Without a `client` it connects when it is first asked; the package `redis` is optional.
    """

    url: str = field(repr=False)
    days: float
    client: "Redis | None" = field(default=None, repr=False)

    def get(self, key: str) -> Json:
        """Return what is kept, None where nothing is or it is no JSON."""
        return _parsed(self._asked("get", _PREFIX + key))

    def put(self, key: str, value: Json) -> None:
        """Keep a value until its time is over; raises StateUnavailableError."""
        expires_s = max(1, round(self.days * _DAY_S))
        self._asked("setex", _PREFIX + key, expires_s, json.dumps(value))

    def noted(self, partition: str) -> str:
        """Return the digest of the rules of redaction that were noted last (keepers.RulesNotes)."""
        kept = self._asked("get", _RULES + partition)
        return kept.decode(errors="replace") if isinstance(kept, bytes) else ""

    def note(self, partition: str, digest: str) -> None:
        """Note rules for every machine that shares this cache; a note does not expire."""
        self._asked("set", _RULES + partition, digest)

    def clear(self) -> int:
        """Remove every answer, return how many; raises StateUnavailableError."""
        cursor: object = 0
        gone = 0
        while True:
            found = self._asked("scan", str(cursor), "match", f"{_PREFIX}*", "count", _SCANNED)
            cursor, keys = found if isinstance(found, tuple) else (0, [])
            for key in keys:
                gone += self._asked("del", key) == 1
            if int(str(cursor)) == 0:
                return gone

    def _asked(self, command: str, *arguments: str | int | bytes) -> object:
        client = self._client
        from redis.exceptions import RedisError

        try:
            return client.execute_command(command, *arguments)  # type: ignore[no-untyped-call]  # of the library
        except (RedisError, OSError) as error:
            raise self._unreachable(error) from None

    @cached_property
    def _client(self) -> "Redis":
        if self.client is not None:
            return self.client
        try:
            from redis import Redis
        except ImportError as error:
            raise StateUnavailableError(
                "MMRAG_ANSWER_CACHE_URL needs the package redis: pip install mmrag_pipeline[redis]"
            ) from error
        try:
            return Redis.from_url(
                self.url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
            )
        except ValueError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> StateUnavailableError:
        """Return the error without its words: they may hold the address, and so a password."""
        parts = urlsplit(self.url)
        return StateUnavailableError(
            f"the Redis at {parts.hostname or parts.path} cannot be asked "
            f"({type(error).__name__}): see MMRAG_ANSWER_CACHE_URL",
            may_pass=True,
        )


def _parsed(kept: object) -> Json:
    if not isinstance(kept, bytes):
        return None
    try:
        value: Json = json.loads(kept)
    except (ValueError, RecursionError):
        return None
    return value
