"""One parser process as its parent sees it: started, asked, and killed when it misbehaves."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from mmrag_pipeline.errors import MmragError, ParseError
from mmrag_pipeline.parsing.frames import (
    DONE,
    ERROR,
    PIPE_BYTES,
    READY,
    REQUEST,
    Body,
    Channel,
    ChannelClosedError,
    DeadlineError,
    Frame,
    FrameError,
)
from mmrag_pipeline.parsing.limits import MAX_LINES, Limits, too_large
from mmrag_pipeline.parsing.wire import error_of

PROGRAM = (sys.executable, "-P", "-m", "mmrag_pipeline.parsing.worker")
"""-P keeps the current folder, which may hold anything, off the import path."""
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0
_PAGES_PER_TIMEOUT = 100
"""Each finished page earns its file 1/100 of the timeout, so that long documents end."""
_MAX_ANSWER_BYTES = 256 * 2**20
_KILLS = (signal.SIGKILL, signal.SIGTERM)
"""Signals that come from outside: from the kernel when memory is short, or from a person."""
T = TypeVar("T")


class ParserProcess:
    """A parser process; once `usable` is False it is dead or must be closed."""

    def __init__(self, limits: Limits, program: tuple[str, ...] = PROGRAM) -> None:
        self._limits = limits
        self.served = 0
        self.usable = True
        self._process = subprocess.Popen(  # noqa: S603  (a fixed program, no shell)
            [*program, json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
        self._channel = self._connected()

    def ask(self, body: Body, data: bytes, *, read: Callable[[Frame], T], at_most: int) -> list[T]:
        """Send one request and return what `read` makes of each frame; raises ParseError."""
        self.served += 1
        try:
            return [read(frame) for frame in self._answer(body, data, at_most)]
        except DeadlineError as error:
            self.close()
            raise _timeout(self._limits) from error
        except ChannelClosedError as error:
            raise _died(self._end(), self._limits) from error
        except FrameError as error:
            self.close()
            raise _crashed(f"it sent something that is no answer: {error}") from error
        except ParseError:
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill the process and wait for its end."""
        self.usable = False
        self._process.kill()
        self._end()

    def _answer(self, body: Body, data: bytes, at_most: int) -> Iterator[Frame]:
        deadline = time.monotonic() + self._limits.timeout_s
        received = frames = lines = 0
        self._channel.send(REQUEST, body, blob=data, deadline=deadline)
        while (frame := self._channel.receive(deadline)).kind != DONE:
            if frame.kind == ERROR:
                raise self._refused(frame)
            frames += 1
            if frames > at_most:
                raise FrameError(f"more than {at_most} pages came back")
            received += frame.json_bytes
            lines += _line_count(frame.body)
            if received > _MAX_ANSWER_BYTES or lines > MAX_LINES:
                self.close()
                most = f"{_MAX_ANSWER_BYTES} bytes or {MAX_LINES} lines"
                raise too_large("its text layer is huge", limit=most)
            deadline += self._limits.timeout_s / _PAGES_PER_TIMEOUT
            yield frame

    def _refused(self, frame: Frame) -> ParseError:
        error = error_of(frame.body)
        if error.reason == "out_of_memory":
            self.close()
        return error

    def _connected(self) -> Channel:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        for pipe in (stdin, stdout):
            # A user may hold only so many large pipes; small ones are merely slower.
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        largest = self._limits.decode_side_px**2 * 3
        channel = Channel(stdout.fileno(), stdin.fileno(), max_blob_bytes=largest)
        try:
            ready = channel.receive(time.monotonic() + _START_S).kind == READY
        except (ChannelClosedError, DeadlineError, FrameError):
            ready = False
        if not ready:
            self.close()
            raise MmragError(
                "the parser process does not start: run "
                "`python -c 'import mmrag_pipeline.parsing.worker'` to see why"
            )
        return channel

    def _end(self) -> int | None:
        """Reap the process; return its exit code, negative for a signal, None if it lived on."""
        self.usable = False
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None


def _environment() -> dict[str, str]:
    """Return what a parser needs to import this package: no secrets, one thread."""
    paths = [os.path.abspath(path) for path in sys.path if path]
    return {
        "PYTHONPATH": os.pathsep.join([*paths, str(_PACKAGE_ROOT)]),
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "PYTHONUTF8": "1",
    }


def _line_count(body: Body) -> int:
    lines = body.get("lines")
    return len(lines) if isinstance(lines, list) else 0


def _died(code: int | None, limits: Limits) -> ParseError:
    if code is None:
        return _crashed("it stopped answering")
    if code == -signal.SIGALRM:
        return _timeout(limits)
    if -code in _KILLS:
        return _killed(_signal_name(-code))
    return _crashed(f"exit code {code}" if code >= 0 else f"signal {_signal_name(-code)}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _timeout(limits: Limits) -> ParseError:
    return ParseError(
        f"reading it took longer than MMRAG_PARSE_TIMEOUT_S={limits.timeout_s:g}: it is tried "
        "again; raise the limit or simplify the file",
        reason="timeout",
        transient=True,
    )


def _killed(how: str) -> ParseError:
    return ParseError(
        f"its parser process was ended from outside ({how}): by a person, or by the system for "
        "want of memory; it is tried again. Give the machine more memory or lower "
        "MMRAG_PARSE_WORKERS",
        reason="killed",
        transient=True,
    )


def _crashed(how: str) -> ParseError:
    return ParseError(
        f"it ends the parser process ({how}): the file is likely damaged or hostile; "
        "save or export it again",
        reason="crashed",
    )
