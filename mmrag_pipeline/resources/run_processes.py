"""Which process a run is in, and an end to runs whose process is gone.

Nothing of Dagster's looks after the runs of its default launcher once its code server is gone,
nor after those of commands: killed, they stay started for ever. Their domain counts as busy, and
the queue holds its later runs back.
"""

import multiprocessing
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

HOST_TAG = ".dagster/mmrag_host"
PID_TAG = ".dagster/mmrag_pid"
START_TAG = ".dagster/mmrag_pid_start"
RUN_TAG = ".dagster/mmrag_pid_of"
"""The run that the tags are about: Dagster copies a run's tags to its re-executions."""
_PROC = Path("/proc")
_PID = re.compile(r"[1-9][0-9]{0,8}")
UNFINISHED = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A process of a host; a host is known by its name."""

    host: str
    pid: int
    start: str
    """Tells apart two processes that had the same id; empty where the system does not say."""

    def is_gone(self) -> bool:
        """Return whether this process, one of this host, has ended."""
        now = _start_of(self.pid)
        return now != self.start if now and self.start else not _exists(self.pid)


def process_with(pid: int) -> RunProcess:
    """Return the process of this host that has an id now."""
    return RunProcess(socket.gethostname(), pid, _start_of(pid))


def process_tags(run_id: str, pid: int | None = None) -> Mapping[str, str]:
    """Return the tags of a run that is in a process of this host, this one by default."""
    here = process_with(os.getpid() if pid is None else pid)
    values = (run_id, here.host, str(here.pid), here.start)
    return dict(zip((RUN_TAG, HOST_TAG, PID_TAG, START_TAG), values, strict=True))


def note_process(context: dg.InitResourceContext) -> None:
    """Note on the run of a context, if it is of one, that it is in this process.

    A process that a run starts for one step says nothing of the run, which outlives it.
    """
    run = context.run
    if run is not None and context.instance is not None and not is_of_a_step():
        context.instance.add_run_tags(run.run_id, process_tags(run.run_id))


def end_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the unfinished runs of this host whose process is gone; return their ids.

    They failed; one that was being cancelled is cancelled. Runs of other hosts, runs that wait
    in the queue and runs that did not say where they are stay as they are.
    """
    ours = dg.RunsFilter(statuses=list(UNFINISHED), tags={HOST_TAG: socket.gethostname()})
    return [run.run_id for run in instance.get_runs(ours) if _is_lost(run) and _end(instance, run)]


def process_of(run: dg.DagsterRun) -> RunProcess | None:
    """Return the process that a run noted, None without one."""
    tags = run.tags
    if tags.get(RUN_TAG) != run.run_id or not _PID.fullmatch(tags.get(PID_TAG, "")):
        return None
    return RunProcess(tags.get(HOST_TAG, ""), int(tags[PID_TAG]), tags.get(START_TAG, ""))


def is_of_a_step() -> bool:
    """Return whether another process of a run started this one: Dagster's server starts runs."""
    parent = multiprocessing.parent_process()
    return parent is not None and parent.name != "MainProcess"


def _is_lost(run: dg.DagsterRun) -> bool:
    process = process_of(run)
    return process is not None and process.is_gone()


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Report the end of a lost run unless its process did so after it was listed."""
    held = instance.get_run_by_id(run.run_id)
    if held is None or held.is_finished:
        return False
    message = (
        f"The process of this run (id {run.tags[PID_TAG]} on {run.tags[HOST_TAG]}) is gone without "
        "a word: it was killed, perhaps for want of memory, or the machine went down."
    )
    if held.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(held, message)
    else:
        instance.report_run_failed(held, message)
    return True


def _start_of(pid: int) -> str:
    """Return when a process started, `ended` for one that only waits to be reaped.

    Empty when the system does not say: there is none, or no /proc.
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return "ended" if state in "ZX" else f"{boot}:{fields[18]}"
    except (OSError, ValueError, IndexError):
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
