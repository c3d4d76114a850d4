"""One lock between runs, which may be many at once, and work that needs the state for itself.

It guards one machine: the lock is of the system and ends with its holder, however that dies.
Where runs have machines of their own, whoever wants to be alone asks Dagster for the runs in
flight as well.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.stores.files import lock_file, taken

_LOCK = "runs.lock"
_GATE = "runs.gate"
"""Whoever waits to be alone holds it, so that runs which come later wait behind it."""


@contextmanager
def running(home: Path) -> Iterator[None]:
    """Hold the lock together with other runs; waits as long as something is to be alone.

    One process does not take it twice at the same time: between the two somebody may have come
    to wait for the first one's end.
    """
    with lock_file(home / _LOCK) as lock:
        with lock_file(home / _GATE) as gate:
            taken(gate, fcntl.LOCK_SH)
            taken(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(home: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock while no run does; raises CollectionBusyError after `timeout_s`."""
    end = time.monotonic() + timeout_s
    with lock_file(home / _GATE) as gate, lock_file(home / _LOCK) as lock:
        if not (taken(gate, fcntl.LOCK_EX, end) and taken(lock, fcntl.LOCK_EX, end)):
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
