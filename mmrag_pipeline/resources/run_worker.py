"""A process that executes one run after the other, started by the warm launcher.

Each line of standard input names a run and its instance; one byte on standard output says that
the run was taken, another that it is over. The process ends when nothing came for a while, when
standard input closes, when a run is terminated, or when the code has changed on disk.
"""

import json
import os
import select
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

IDLE_S = 900.0
"""How long models stay in memory for a run that may come."""
_MOST_RUNS = 500
"""Runs of one process, so that nothing grows for ever."""
_TERMINATED = 143
_ENDING = (signal.SIGTERM, signal.SIGINT)
TAKEN = b"+"
OVER = b"."


def main() -> None:
    """Execute runs until there is a reason to end."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a run prints is no answer
    _end_on_signals()
    code = _code()
    for _ in range(_MOST_RUNS):
        line = _next_line()
        if not line:
            return
        _say(answers, TAKEN)
        order = json.loads(line)
        if not execute(order["run_id"], order["instance"]) or _code() != code:
            return
        _say(answers, OVER)


def execute(run_id: str, instance_ref: str) -> bool:
    """Execute a run as `dagster api execute_run` does; return whether it succeeded.

    What fails is told in its event log. It may have left memory, a device or a half-loaded model
    in a state that the next run should not meet.
    """
    from dagster import DagsterInstance
    from dagster._cli.api import _execute_run_command_body
    from dagster._core.instance.ref import InstanceRef
    from dagster._serdes import deserialize_value

    from mmrag_pipeline.resources.heartbeat import beating

    with DagsterInstance.from_ref(deserialize_value(instance_ref, InstanceRef)) as instance:
        with beating(instance, run_id):
            _execute_run_command_body(run_id, instance, lambda _event: None, False)
        run = instance.get_run_by_id(run_id)
        return run is not None and run.is_success


def _next_line() -> bytes:
    """Return the next order, nothing when none comes any more."""
    ready, _, _ = select.select([0], [], [], IDLE_S)
    return sys.stdin.buffer.readline() if ready else b""


def _say(answers: int, word: bytes) -> None:
    """Tell the launcher; when it is gone the run goes on all the same."""
    with suppress(BrokenPipeError):
        os.write(answers, word)


def _end_on_signals() -> None:
    """End at once when asked to: what a run commits is whole at every line.

    While a step runs Dagster has handlers of its own, which raise an error in it that a retry
    policy catches. What wakes this thread does not depend on whose handlers there are.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in _ENDING:
        signal.signal(number, _heed)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_end, args=(reading,), daemon=True).start()


def _heed(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: with a handler in place the signal wakes the thread instead of the system's."""


def _end(signals: int) -> None:
    while os.read(signals, 1)[0] not in _ENDING:
        pass
    os._exit(_TERMINATED)


def _code() -> Mapping[Path, int]:
    """Return the files of this package and when each was written."""
    return {path: path.stat().st_mtime_ns for path in Path(__file__).parents[1].rglob("*.py")}


if __name__ == "__main__":
    main()
