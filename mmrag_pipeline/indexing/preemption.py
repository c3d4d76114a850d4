"""What a station owes to a machine that may be taken away: small batches, and nothing left undone.

A batch is given up whole or kept whole. With notice (SIGTERM) the one that a model has in hand is
lost, and all before it are kept; without, what was not in the memo yet.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

_SHARE = 4
"""Part of the grace period that one batch may take: Python hears of a signal after it."""


class Flushes(Protocol):
    """Something that holds results back for a while."""

    def flush(self) -> None:
        """Keep them now."""
        ...


def batch_s(grace_s: float) -> float:
    """Return how many seconds a batch may take where a machine ends within `grace_s` seconds."""
    return grace_s / _SHARE


Calls = Callable[[int, int, float], None]
"""Told of each call of a model: items, the most that there may be, seconds."""


def untold(items: int, most: int, seconds: float) -> None:
    """Tell nobody of a call."""


class Pace:
    """How many items a model is given at once, by what they took before."""

    def __init__(self, most: int, grace_s: float, tell: Calls = untold) -> None:
        self.size = self._most = most
        self._within_s = batch_s(grace_s)
        self._tell = tell

    def took(self, items: int, seconds: float) -> None:
        """Learn what a call took."""
        self._tell(items, self._most, seconds)
        fitting = int(items * self._within_s / max(seconds, 1e-9))
        self.size = max(1, min(self._most, fitting))

    def batches(self, items: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield consecutive slices, each as large as is right when it is taken."""
        start = 0
        while start < len(items):
            part = items[start : start + self.size]
            yield part
            start += len(part)


@contextmanager
def kept_at_the_end(batches: Iterable[Flushes]) -> Iterator[None]:
    """Keep what was finished when the process is asked to end in the block.

    Failures of the work itself are none of its business: a store may be what failed.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException:
        for batch in batches:
            with suppress(Exception):  # what cannot be kept is made again, and the others are kept
                batch.flush()
        raise
