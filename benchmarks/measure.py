"""Runs one measurement in a process of its own: its seconds, its peak memory, its findings."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of a benchmark's table."""

    case: str
    seconds: float
    cpu_s: float
    """Processor seconds of the process and its ended children: what a busy machine leaves alike."""
    goal: str
    peak_mib: float = 0.0
    notes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work took by the clock and by the processor."""

    seconds: float
    cpu_s: float


def timed(work: Callable[[], object]) -> Spent:
    """Return what some work takes; processes that it started count once they have ended."""
    started, before = time.perf_counter(), _cpu_s()
    work()
    return Spent(time.perf_counter() - started, _cpu_s() - before)


def _cpu_s() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(one.ru_utime + one.ru_stime for one in used)


def report(finding: Finding) -> None:
    """Print a finding for the parent process, with this process's peak memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**asdict(finding), "peak_mib": peak}))


def in_process(module: str, *arguments: str) -> Finding:
    """Run `python -m MODULE ARGUMENTS`, which reports one finding on its last line."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Finding(**json.loads(done.stdout.splitlines()[-1]))


def show(title: str, findings: Sequence[Finding]) -> None:
    """Print the table."""
    columns = ("case", "seconds", "CPU s", "goal", "peak MiB", "notes")
    show_rows(title, columns, [_row(found) for found in findings])


def show_rows(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of cells, with how busy the machine is."""
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    table = Table(*columns, title=title, caption=load)
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)


def _row(found: Finding) -> tuple[str, ...]:
    notes = ", ".join(f"{name} {value:g}" for name, value in found.notes.items())
    spent = (f"{found.seconds:.3f}", f"{found.cpu_s:.3f}")
    return (found.case, *spent, found.goal, f"{found.peak_mib:.0f}", notes)
