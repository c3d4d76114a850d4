"""Work on state that others replace meanwhile: it is done again, and given up at last."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from mmrag_pipeline.errors import OvertakenError

_TRIES = 5
_PATIENCE_S, _PAUSE_S = 20.0, 0.02
T = TypeVar("T")


def retried(work: Callable[[], T]) -> T:
    """Return what `work` returns that reads something and writes it changed.

    It is done again from its reading when another run was faster; raises OvertakenError when
    that happens again and again.
    """
    for _ in range(_TRIES - 1):
        with suppress(OvertakenError):
            return work()
    return work()


def steady(work: Callable[[], T], *, patience_s: float = _PATIENCE_S) -> T:
    """Return what `work` returns that reads files which others replace or merge meanwhile.

    It is done again when one of them vanished; raises OvertakenError when that goes on for
    `patience_s`.
    """
    end = time.monotonic() + patience_s
    while True:
        try:
            return work()
        except FileNotFoundError as error:
            if time.monotonic() >= end:
                raise OvertakenError(
                    f"{error}, again and again for {patience_s:g} s: let the other runs end, stop "
                    "whatever else replaces or deletes files of the state, and run again"
                ) from error
            time.sleep(_PAUSE_S)
