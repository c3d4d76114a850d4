"""Calls of something that may be gone: it is warned of once and then left alone for a while."""

import logging
import time
from collections.abc import Callable
from threading import Lock

LOG = logging.getLogger("mmrag_pipeline.telemetry")
TIMEOUT_S = 2.0
"""Longest wait for somebody who listens."""
REST_S = 300.0
"""How long nobody waits again who waited in vain."""


class Frail:
    """Somebody who listens, and may be gone; `name` stands in the warning."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._lock = Lock()
        self._until = float("-inf")
        self._warned = False

    def tried(self, call: Callable[[], object]) -> bool:
        """Return whether the call went well; it is not made while it is left alone."""
        if self._clock() < self._until:
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
