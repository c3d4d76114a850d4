"""A parser process that misbehaves on order: the pool's tests run it instead of the real one."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat

import numpy as np

from mmrag_pipeline.parsing.frames import Frame
from mmrag_pipeline.parsing.limits import Limits
from mmrag_pipeline.parsing.worker import Result, main
from mmrag_pipeline.records import Line, PagePixels, PageProblem, ParsedPage

GOOD = ParsedPage(1, "d", 1, 1, None, (), "")
_SERVED = [0]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_unless_first() -> None:
    if _SERVED[0] > 1:
        _die()


def _hush() -> None:
    """Close the way back and freeze, before the thread that waits for the parent's end can act."""
    sys.setswitchinterval(60)
    with_the_gil = ctypes.PyDLL(None)
    for number in range(3, 64):
        with_the_gil.close(number)
    with_the_gil.kill(os.getpid(), signal.SIGSTOP)


_DEEDS: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "kill": _die,
    "crash unless first": _die_unless_first,
    "terminate": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "hush": _hush,
    "wait for the kernel": lambda: os.kill(os.getpid(), signal.SIGALRM),
    "exit": lambda: os._exit(3),
    "hang": lambda: time.sleep(600),
    "blow up": lambda: bytearray(2**40),
    "print": lambda: os.write(1, b"native code prints"),
}


def _slow_pages() -> Iterator[Result]:
    for page_no in range(1, 4):
        time.sleep(0.2)
        yield PageProblem(page_no, "corrupt", "slow")


def handle(request: Frame, limits: Limits) -> Iterator[Result]:
    """Do what the file's bytes say, then answer with one good page."""
    _SERVED[0] += 1
    order = bytes(request.blob).decode()
    if order in _DEEDS:
        _DEEDS[order]()
    elif order == "lie":
        yield PagePixels(np.zeros((1, 1, 3), np.uint8), 7.0)
    elif order == "flood":
        yield from repeat(GOOD)
    elif order == "lines":
        yield from repeat(replace(GOOD, lines=(Line("", None),) * 20_000), 11)
    elif order == "pid":
        yield PageProblem(os.getpid(), "corrupt", "a process id in place of a page number")
    elif order == "slow pages":
        yield from _slow_pages()
    yield GOOD


if __name__ == "__main__":
    main(handle)
