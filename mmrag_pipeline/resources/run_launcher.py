"""Launches runs in processes that stay: what a run imports and loads serves the next one too.

Dagster's own launcher starts a fresh interpreter per run. With imports and models that takes
longer than a small run itself, and a backfill pays it for every partition.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Self

import dagster as dg
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value

from mmrag_pipeline.resources.heartbeat import alive_tags
from mmrag_pipeline.resources.run_processes import (
    PID_TAG,
    UNFINISHED,
    RunProcess,
    process_of,
    process_tags,
)
from mmrag_pipeline.resources.run_worker import OVER, TAKEN

_WORKER = "mmrag_pipeline.resources.run_worker"
_GRACE_S = 10.0
"""How long a run that is to end may take for the batch in hand."""
_POLL_S = 0.05
_ANSWER_S = 10.0
"""How long a worker without a run may take to answer, one that was just started included."""
_REST_S = 2.0
"""How long a worker may take to be free after its run was reported to be over."""


@dataclass(slots=True, eq=False)
class _Worker:
    """A process for runs, one after the other."""

    process: subprocess.Popen[bytes]
    run_id: str = ""
    """The run that it has; empty when it is free."""

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def take(self, order: Mapping[str, str]) -> bool:
        """Hand over a run; return whether the worker took it: it may be about to end.

        One that does not answer is ended, so that no run is executed twice.
        """
        stdin = _pipe(self.process.stdin)
        try:
            stdin.write(json.dumps(dict(order)).encode() + b"\n")
            stdin.flush()
        except OSError:
            return False
        if not self._says(TAKEN, _ANSWER_S):
            self.process.kill()
            return False
        self.run_id = order["run_id"]
        return True

    def is_free(self, *, within_s: float = 0.0) -> bool:
        """Return whether it can take a run, now or in a moment."""
        if self.run_id and self._says(OVER, within_s):
            self.run_id = ""
        return not self.run_id

    def leave(self) -> None:
        """Let it end: at once when it is free, else after its run, which is not waited for."""
        with suppress(OSError):
            _pipe(self.process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_ANSWER_S if self.is_free(within_s=_REST_S) else _POLL_S)
        _pipe(self.process.stdout).close()

    def _says(self, word: bytes, within_s: float) -> bool:
        """Return whether the worker says a word in time; one that is gone says nothing."""
        stdout = _pipe(self.process.stdout)
        ready, _, _ = select.select([stdout], [], [], within_s)
        return bool(ready) and os.read(stdout.fileno(), 1) == word


class WarmRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Keeps worker processes: an idle one takes the next run, else one more is started.

    How many there are is bounded by the instance's `max_concurrent_runs`; one that had nothing
    to do for a while ends by itself, and all of them end when this process does.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()
        super().__init__()  # type: ignore[no-untyped-call]  # Dagster leaves it untyped

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Return where Dagster's configuration names this class."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, object]:
        """Return the configuration: none."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]
    ) -> Self:
        """Return the launcher."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Hand a run to an idle worker, or to a new one.

        The run notes its process first: killed before it begins, it is known to be lost.
        """
        run_id = context.dagster_run.run_id
        order = {"run_id": run_id, "instance": serialize_value(self._instance.get_ref())}
        with self._lock:
            for worker in self._ready():
                tags = {**process_tags(run_id, worker.process.pid), **alive_tags(run_id)}
                self._instance.add_run_tags(run_id, tags)
                if worker.take(order):
                    return
        raise DagsterLaunchFailedError(  # type: ignore[no-untyped-call]  # Dagster leaves it untyped
            f"no worker process took the run {run_id}: the last one did not answer within "
            f"{_ANSWER_S:g} s. Is the machine short of memory?"
        )

    def terminate(self, run_id: str) -> bool:
        """End a run on this machine, whichever process launched it; return whether it had run.

        What the run has finished is kept. A worker ends with its run: Dagster would take the
        signal for a failure of the step, and the step's retry policy would try it again.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        process = process_of(run)
        if process is None or not process.is_here() or process.is_gone():
            return False
        if self._is_at_another(process, run_id):
            return False
        _stop(process)
        ended = self._instance.get_run_by_id(run_id)
        if ended is not None and not ended.is_finished:
            self._instance.report_run_canceled(ended)
        return True

    def dispose(self) -> None:
        """Let the workers end after their runs."""
        with self._lock:
            for worker in self._workers:
                worker.leave()
            self._workers = []

    def _ready(self) -> Iterator[_Worker]:
        """Yield the free workers, those first that need not be waited for, then a fresh one."""
        gone = [worker for worker in self._workers if not worker.is_alive]
        for worker in gone:
            worker.leave()
        self._workers = [worker for worker in self._workers if worker not in gone]
        yield from [worker for worker in self._workers if worker.is_free()]
        over = [worker for worker in self._workers if self._is_over(worker.run_id)]
        yield from (worker for worker in over if worker.is_free(within_s=_REST_S))
        self._workers.append(_Worker(_start()))
        yield self._workers[-1]

    def _is_at_another(self, process: RunProcess, run_id: str) -> bool:
        """Return whether the process has gone on to another run meanwhile."""
        unfinished = dg.RunsFilter(statuses=list(UNFINISHED), tags={PID_TAG: str(process.pid)})
        others = self._instance.get_runs(unfinished)
        return any(run.run_id != run_id and process_of(run) == process for run in others)

    def _is_over(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id) if run_id else None
        return run is not None and run.is_finished


def _start() -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own: Ctrl-C for this process is none for its runs."""
    return subprocess.Popen(  # noqa: S603 # this interpreter and a module of ours
        [sys.executable, "-m", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def _stop(process: RunProcess) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
        end = time.monotonic() + _GRACE_S
        while not process.is_gone():
            if time.monotonic() > end:
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(_POLL_S)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
