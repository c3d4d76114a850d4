"""Runs share the lock; whoever wants to be alone waits for them, and is not passed over."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.stores.run_lock import HomeGuard, alone, running

_HOLD = """
import sys, time
from pathlib import Path
from mmrag_pipeline.stores.run_lock import running
with running(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def _run_elsewhere(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that holds the lock as a run."""
    command = [sys.executable, "-c", _HOLD, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_runs_hold_it_together(tmp_path: Path) -> None:
    with running(tmp_path), running(tmp_path):
        assert (tmp_path / "runs.lock").exists()


def test_a_run_under_way_is_named_after_the_timeout(tmp_path: Path) -> None:
    with (
        running(tmp_path),
        pytest.raises(CollectionBusyError, match="a run is under way"),
        alone(tmp_path, 0.05),
    ):
        pass


def test_only_one_is_alone(tmp_path: Path) -> None:
    with alone(tmp_path, 0), pytest.raises(CollectionBusyError), alone(tmp_path, 0.05):
        pass


def test_it_is_free_again_after_each(tmp_path: Path) -> None:
    with running(tmp_path):
        assert not _is_free(tmp_path)
    assert _is_free(tmp_path)
    with alone(tmp_path, 0):
        assert not _is_free(tmp_path)
    with running(tmp_path):
        assert not _is_free(tmp_path)
    assert _is_free(tmp_path)


def _is_free(home: Path) -> bool:
    try:
        with alone(home, 0):
            return True
    except CollectionBusyError:
        return False


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    with _run_elsewhere(tmp_path) as process:
        with pytest.raises(CollectionBusyError), alone(tmp_path, 0.05):
            pass
        process.kill()
        process.wait()
        with alone(tmp_path, 1):
            pass


def test_a_run_waits_until_nobody_is_alone(tmp_path: Path) -> None:
    order: list[str] = []

    def run() -> None:
        with running(tmp_path):
            order.append("run")

    with alone(tmp_path, 0):
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(0.1)
        order.append("alone")
    thread.join(5)
    assert order == ["alone", "run"]


def test_runs_that_come_later_do_not_pass_who_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def wait() -> None:
        with alone(tmp_path, 5):
            order.append("alone")

    def run() -> None:
        with running(tmp_path):
            order.append("later run")

    threads = [threading.Thread(target=wait), threading.Thread(target=run)]
    with running(tmp_path):
        for thread in threads:
            thread.start()
            time.sleep(0.1)
    for thread in threads:
        thread.join(5)
    assert order == ["alone", "later run"]


def test_a_guard_waits_for_runs(tmp_path: Path) -> None:
    guard = HomeGuard(tmp_path, 0.05)
    with running(tmp_path), pytest.raises(CollectionBusyError), guard.alone():
        pass
