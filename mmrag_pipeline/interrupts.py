"""Ends a command soon and cleanly at SIGINT or SIGTERM, also while a library handles them."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A person or the system asked this process to end, with the signal `number`.

    Like KeyboardInterrupt it is no Exception: what handles failures shall not swallow it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def exit_status(self) -> int:
        """Return what a shell says of a process that the signal ended: 130, or 143."""
        return 128 + self.number


@contextmanager
def raised() -> Iterator[None]:
    """Let either signal raise Interrupted in the block; afterwards they do what they did."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _raise) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


class Watch:
    """Sees either signal in its block whatever handler a library has put in place meanwhile.

    Python itself writes the number of a signal to the wakeup file descriptor before any
    handler runs. Outside the main thread, where handlers cannot be changed, it sees none.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._before = -1
        self._first = 0

    def check(self) -> None:
        """Raise Interrupted when a signal came since the block began."""
        if self.first:
            raise Interrupted(self.first)

    @property
    def first(self) -> int:
        """Return the number of the first signal that came, 0 without one."""
        with contextlib.suppress(BlockingIOError):
            came = (number for number in os.read(self._reading, 4096) if number in _SIGNALS)
            self._first = self._first or next(came, 0)
        return self._first

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise Interrupted when a signal came, in place of what a library made of it."""
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(self._before)
        first = self.first
        os.close(self._reading)
        os.close(self._writing)
        if first and not isinstance(error, Interrupted | GeneratorExit):
            raise Interrupted(first) from error
