"""Runs one measurement in a process of its own: its seconds, its peak memory, its findings."""

import json
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
    goal: str
    peak_mib: float = 0.0
    notes: Mapping[str, float] = field(default_factory=dict)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


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
    table = Table("case", "seconds", "goal", "peak MiB", "notes", title=title)
    for found in findings:
        notes = ", ".join(f"{name} {value:g}" for name, value in found.notes.items())
        table.add_row(
            found.case, f"{found.seconds:.3f}", found.goal, f"{found.peak_mib:.0f}", notes
        )
    Console(width=140).print(table)
