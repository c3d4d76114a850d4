"""A process that executes one run after the other, started by the warm launcher.

Each line of standard input names a run and its instance; one byte on standard output says that
a run has ended. The process ends when nothing came for a while, when standard input closes,
when a run is terminated, or when the code has changed on disk.
"""

import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

IDLE_S = 900.0
"""How long models stay in memory for a run that may come."""
_MOST_RUNS = 500
"""Runs of one process, so that nothing grows for ever."""
_TERMINATED = 143


def main() -> None:
    """Execute runs until there is a reason to end."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a run prints is no answer
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    code = _code()
    for _ in range(_MOST_RUNS):
        line = _next_line()
        if not line:
            return
        order = json.loads(line)
        execute(order["run_id"], order["instance"])
        if _code() != code:
            return
        os.write(answers, b".")


def execute(run_id: str, instance_ref: str) -> None:
    """Execute a run as `dagster api execute_run` does; what fails is told in its event log."""
    from dagster import DagsterInstance
    from dagster._cli.api import _execute_run_command_body
    from dagster._core.instance.ref import InstanceRef
    from dagster._serdes import deserialize_value

    with DagsterInstance.from_ref(deserialize_value(instance_ref, InstanceRef)) as instance:
        _execute_run_command_body(run_id, instance, lambda _event: None, False)


def _next_line() -> bytes:
    """Return the next order, nothing when none comes any more."""
    ready, _, _ = select.select([0], [], [], IDLE_S)
    return sys.stdin.buffer.readline() if ready else b""


def _end(_signal: int, _frame: FrameType | None) -> None:
    """End at once: what a run commits is whole at every line, and its launcher reports it."""
    os._exit(_TERMINATED)


def _code() -> Mapping[Path, int]:
    """Return the files of this package and when each was written."""
    return {path: path.stat().st_mtime_ns for path in Path(__file__).parents[1].rglob("*.py")}


if __name__ == "__main__":
    main()
