"""Calls of something that may be gone: it is warned of once and then left alone for a while."""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import Protocol

LOG = logging.getLogger("mmrag_pipeline.telemetry")
TIMEOUT_S = 2.0
"""Longest wait for somebody who listens."""
REST_S = 300.0
"""How long nobody waits again who waited in vain."""


class Frail:
    """Somebody who listens, and may be gone; `name` stands in the warning."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._lock, self._call = Lock(), Lock()
        self._until = float("-inf")
        self._warned = False

    @property
    def is_left(self) -> bool:
        """Return whether it is left alone for now."""
        return self._clock() < self._until

    def begun(self, call: Callable[[], object]) -> Thread:
        """Make a call in a thread that no process waits for at its end; one at a time.

        It is not made where an earlier one does not end within TIMEOUT_S.
        """

        def work() -> None:
            if self._call.acquire(timeout=TIMEOUT_S):
                try:
                    call()
                finally:
                    self._call.release()

        thread = Thread(target=work, name="mmrag-telemetry", daemon=True)
        thread.start()
        return thread

    def tried(self, call: Callable[[], object]) -> bool:
        """Return whether the call went well; it is not made while it is left alone."""
        if self.is_left:
            return False
        try:
            told = call() is not False
            cause = "it did not take them"
        # whatever it is, it may not fail what is told of
        except Exception as error:
            told, cause = False, type(error).__name__
        if not told:
            self.leave(cause)
        return told

    def leave(self, cause: str) -> None:
        """Leave it alone for a while; the first time say so."""
        with self._lock:
            self._until = self._clock() + REST_S
            warned, self._warned = self._warned, True
        if not warned:
            LOG.warning(
                "telemetry goes nowhere: %s (%s). Nothing else is affected; it is tried again "
                "every %g s, without another warning",
                self._name,
                cause,
                REST_S,
            )


class Sending(Protocol):
    """One through whom things are sent to somebody who may be gone."""

    frail: Frail

    def push(self) -> None:
        """Send them, however long that takes."""
        ...


def push_all(sendings: Sequence[Sending]) -> None:
    """Let all send at the same time; who is not back within TIMEOUT_S is left alone.

    A timeout of a connection is one per byte, so that a peer which drips would never end it.
    """
    until = time.monotonic() + TIMEOUT_S
    begun = [(one.frail, one.frail.begun(one.push)) for one in sendings if not one.frail.is_left]
    for frail, thread in begun:
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            frail.leave(f"it was not done within {TIMEOUT_S:g} s")
