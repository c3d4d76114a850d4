"""Answers that were given, in a Redis that several machines share."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.ids import Json, canonical_json

if TYPE_CHECKING:
    from redis import Redis

_PREFIX = "mmrag:answer:"
_TIMEOUT_S = 2.0
"""A cache that takes longer costs more than it saves."""
_DAY_S = 86_400


@dataclass(frozen=True)
class RedisAnswers:
    """A key per answer that Redis lets expire (keepers.AnswerCache)."""

    url: str = field(repr=False)
    days: float

    def get(self, key: str) -> Json:
        """Return what is kept, None where nothing is or it is no JSON."""
        from redis.exceptions import RedisError

        try:
            kept = self._client.get(_PREFIX + key)
        except (RedisError, OSError) as error:
            raise self._unreachable(error) from None
        return _parsed(kept if isinstance(kept, bytes) else b"")

    def put(self, key: str, value: Json) -> None:
        """Keep a value until its time is over; raises StateUnavailableError."""
        from redis.exceptions import RedisError

        try:
            expires_s = max(1, round(self.days * _DAY_S))
            self._client.set(_PREFIX + key, canonical_json(value), ex=expires_s)
        except (RedisError, OSError) as error:
            raise self._unreachable(error) from None

    @cached_property
    def _client(self) -> "Redis":
        try:
            from redis import Redis
        except ImportError as error:
            raise StateUnavailableError(
                "MMRAG_ANSWER_CACHE_URL needs the package redis: pip install mmrag_pipeline[redis]"
            ) from error
        return Redis.from_url(
            self.url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )

    def _unreachable(self, error: Exception) -> StateUnavailableError:
        """Return the error without its words: they may hold the address, and so a password."""
        parts = urlsplit(self.url)
        return StateUnavailableError(
            f"the Redis at {parts.hostname or parts.path} cannot be asked "
            f"({type(error).__name__}): see MMRAG_ANSWER_CACHE_URL",
            may_pass=True,
        )


def _parsed(kept: bytes) -> Json:
    try:
        value: Json = json.loads(kept)
    except (ValueError, RecursionError):
        return None
    return value
