"""A tied command ends with the process that started it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.tied import tied
from mmrag_pipeline.resources.run_processes import process_with

SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STARTER = f"""
import sys, time
from pathlib import Path
from demo.tied import tied
with tied([sys.executable, "-c", {SLEEPER!r}], {{}}, log=Path(sys.argv[1])):
    time.sleep(600)
"""
LEAVER = f"""
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], stdout=subprocess.PIPE, text=True)
print(left.stdout.readline(), end="")
"""
PATIENCE_S = 60.0


def started(log: Path) -> int:
    """Return the process id that a sleeper wrote."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if log.exists() and log.read_text().endswith("\n"):
            return int(log.read_text())
        time.sleep(0.05)
    raise AssertionError("the sleeper did not start")


def is_gone(pid: int) -> bool:
    """Return whether a process ends in time."""
    end = time.monotonic() + PATIENCE_S
    while not (gone := process_with(pid).is_gone()) and time.monotonic() < end:
        time.sleep(0.05)
    return gone


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_command_ends_when_its_starter_is_ended(tmp_path: Path, number: int) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path / "log")])
    pid = started(tmp_path / "log")
    os.kill(starter.pid, number)
    starter.wait()
    assert is_gone(pid)


def test_what_a_command_left_behind_ends_with_it(tmp_path: Path) -> None:
    with tied([sys.executable, "-c", LEAVER], {}, log=tmp_path / "log") as process:
        assert process.wait(PATIENCE_S) == 0
    assert is_gone(started(tmp_path / "log"))


def test_a_command_ends_with_its_block(tmp_path: Path) -> None:
    with tied([sys.executable, "-c", SLEEPER], {}, log=tmp_path / "log"):
        pid = started(tmp_path / "log")
    assert is_gone(pid)


def test_a_command_that_ends_by_itself_is_seen_to(tmp_path: Path) -> None:
    with tied([sys.executable, "-c", "raise SystemExit(3)"], {}, log=tmp_path / "log") as process:
        assert process.wait(PATIENCE_S) == 3


def test_what_a_command_is_given_and_says_is_passed_on(tmp_path: Path) -> None:
    code = "import os; print(os.environ['WORD'])"
    with tied([sys.executable, "-c", code], {"WORD": "tea"}, log=tmp_path / "log") as process:
        process.wait(PATIENCE_S)
    assert (tmp_path / "log").read_text() == "tea\n"
