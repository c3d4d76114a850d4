"""Which process a run is in, and an end to runs whose process is gone.

Nothing of Dagster's looks after the runs of its default launcher once its code server is gone,
nor after those of commands: killed, they stay started for ever. Their domain counts as busy, and
the queue holds its later runs back.
"""

import multiprocessing
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from mmrag_pipeline.resources.heartbeat import SILENCE_S, last_beat_s
from mmrag_pipeline.settings import step_of_pod

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
    """A process of a host."""

    host: str
    """Its name; others may have the same."""
    pid: int
    start: str
    """`SYSTEM:TICKS`, which tells apart two processes that had the same id; empty where the system
    does not say."""

    def is_here(self) -> bool:
        """Return whether its id means something to this process.

        Not so on another machine of this name, before a restart of this one, or in another
        container.
        """
        system = self.start.rpartition(":")[0]
        return self.host == socket.gethostname() and (not system or system == _system())

    def is_gone(self) -> bool:
        """Return whether this process, one that is here, has ended."""
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


def end_lost_runs(
    instance: dg.DagsterInstance, *, clock: Callable[[], float] = time.time
) -> list[str]:
    """End the unfinished runs that are lost; return their ids. `clock` tells Unix seconds.

    They failed; one that was being cancelled is cancelled. Runs that wait in the queue and runs
    that did not say where they are stay as they are.
    """
    now_s = clock()
    unfinished = instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))
    return [run.run_id for run in unfinished if _end_if_lost(instance, run, now_s)]


def why_lost(
    run: dg.DagsterRun,
    *,
    now_s: float,
    is_here: Callable[[RunProcess], bool] = RunProcess.is_here,
    is_gone: Callable[[RunProcess], bool] = RunProcess.is_gone,
) -> str:
    """Return why an unfinished run is lost, empty for one that is not.

    A process that is here is looked at. A run elsewhere is lost when it was heard of before, and
    not for SILENCE_S; one that never beat is not ours to judge.
    """
    process = process_of(run)
    if process is None:
        return ""
    named = f"The process of this run (id {process.pid} on {process.host})"
    if is_here(process):
        killed = "it was killed, perhaps for want of memory, or the machine went down."
        return f"{named} is gone without a word: {killed}" if is_gone(process) else ""
    beat_s = last_beat_s(run)
    if beat_s is None or now_s - beat_s <= SILENCE_S:
        return ""
    heard = datetime.fromtimestamp(beat_s, UTC).isoformat()
    return f"{named} was last heard of at {heard}: its machine went down or was cut off."


def process_of(run: dg.DagsterRun) -> RunProcess | None:
    """Return the process that a run noted, None without one."""
    tags = run.tags
    if tags.get(RUN_TAG) != run.run_id or not _PID.fullmatch(tags.get(PID_TAG, "")):
        return None
    return RunProcess(tags.get(HOST_TAG, ""), int(tags[PID_TAG]), tags.get(START_TAG, ""))


def is_of_a_step() -> bool:
    """Return whether another process of a run started this one: Dagster's server starts runs.

    It started a process of this machine, or a pod.
    """
    if step_of_pod():
        return True
    parent = multiprocessing.parent_process()
    return parent is not None and parent.name != "MainProcess"


def _end_if_lost(instance: dg.DagsterInstance, run: dg.DagsterRun, now_s: float) -> bool:
    """Report the end of a lost run unless its process did so, or was heard of, meanwhile."""
    if not why_lost(run, now_s=now_s):
        return False
    held = instance.get_run_by_id(run.run_id)
    why = why_lost(held, now_s=now_s) if held else ""
    if held is None or held.is_finished or not why:
        return False
    if held.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(held, why)
    else:
        instance.report_run_failed(held, why)
    return True


def _start_of(pid: int) -> str:
    """Return when a process started, `ended` for one that only waits to be reaped.

    Empty when the system does not say: there is none, or no /proc.
    """
    try:
        state, ticks = stat_of(pid)
        return "ended" if state in "ZX" else f"{_system()}:{ticks}"
    except (OSError, ValueError, IndexError):
        return ""


def stat_of(pid: int) -> tuple[str, int]:
    """Return a process's state and the clock ticks of the system at its start (proc(5)).

    Raises OSError, ValueError or IndexError where the system does not say.
    """
    # behind the name of the program, which may hold anything
    state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return state, int(fields[18])


def _system() -> str:
    """Return what tells one space of process ids from all others: of a machine, since a boot."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{os.readlink(_PROC / 'self' / 'ns' / 'pid')}"
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
