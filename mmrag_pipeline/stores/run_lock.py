"""One lock between runs, which may be many at once, and work that needs the state for itself.

It guards one machine: the lock is of the system and ends with its holder, however that dies.
Where runs have machines of their own, whoever wants to be alone asks Dagster for the runs in
flight as well.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.stores.files import POLL_S

_LOCK = "runs.lock"
_GATE = "runs.gate"
"""Whoever waits to be alone holds it, so that runs which come later wait behind it."""


@contextmanager
def running(home: Path) -> Iterator[None]:
    """Hold the lock together with other runs; waits as long as something is to be alone.

    One process does not take it twice at the same time: between the two somebody may have come
    to wait for the first one's end.
    """
    with _opened(home / _LOCK) as lock:
        with _opened(home / _GATE) as gate:
            _wait(gate, fcntl.LOCK_SH)
            _wait(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(home: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock while no run does; raises CollectionBusyError after `timeout_s`."""
    end = time.monotonic() + timeout_s
    with _opened(home / _GATE) as gate, _opened(home / _LOCK) as lock:
        if not (_wait(gate, fcntl.LOCK_EX, end) and _wait(lock, fcntl.LOCK_EX, end)):
            raise CollectionBusyError(
                f"a run is under way on the state in {str(home)!r}, or a purge, or upkeep: waited "
                f"{timeout_s:g} s for its end. Try again when it has ended (the UI shows runs; "
                "MMRAG_LOCK_TIMEOUT_S sets how long to wait)"
            )
        yield


@dataclass(frozen=True, slots=True)
class HomeGuard:
    """The lock of a purge in a state folder (indexing.purge.Guard)."""

    home: Path
    timeout_s: float

    def alone(self) -> AbstractContextManager[None]:
        """Hold the state while no run does; raises CollectionBusyError."""
        return alone(self.home, self.timeout_s)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a lock file; closing it lets its lock go. It stays: two files would be two locks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


def _wait(handle: int, kind: int, end: float = float("inf")) -> bool:
    """Ask for a lock again and again (a signal ends that at once); return whether it came."""
    while not _taken(handle, kind):
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_S)
    return True


def _taken(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
