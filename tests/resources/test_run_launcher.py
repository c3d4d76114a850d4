"""Runs share a process that stays; whatever dies is replaced, and nothing outlives its launcher."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.launcher import LaunchRunContext

from mmrag_pipeline.resources.heartbeat import SILENCE_S
from mmrag_pipeline.resources.run_launcher import WarmRunLauncher
from mmrag_pipeline.resources.run_processes import (
    HOST_TAG,
    RunProcess,
    end_lost_runs,
    process_of,
    process_tags,
    process_with,
)
from tests.resources import launched

LAUNCHER = {
    "run_launcher": {"module": WarmRunLauncher.__module__, "class": WarmRunLauncher.__name__}
}
Status = dg.DagsterRunStatus
START_S = 60.0
"""A worker imports Dagster before its first run."""
SOON_S = 10.0


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Give an instance with the launcher; its workers end with the test."""
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=LAUNCHER) as made:
        yield made


def test_an_idle_worker_takes_the_next_run(instance: dg.DagsterInstance) -> None:
    first = _ended(instance, _launch(instance, "brief"))
    second = _ended(instance, _launch(instance, "brief"))
    assert (first.status, second.status) == (Status.SUCCESS, Status.SUCCESS)
    assert _process(first) == _process(second) != process_with(os.getpid())


def test_a_worker_that_is_about_to_be_idle_is_waited_for(tmp_path: Path) -> None:
    slow = {"compute_logs": {"module": launched.__name__, "class": "SlowToClose"}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=LAUNCHER | slow) as instance:
        first = _ended(instance, _launch(instance, "brief"))
        second = _ended(instance, _launch(instance, "brief"))
    assert _process(first) == _process(second)


def test_two_runs_at_a_time_have_a_process_each(instance: dg.DagsterInstance) -> None:
    one, other = (_begun(instance, _launch(instance, "waiting")) for _ in range(2))
    assert _process(one) != _process(other)
    for run in (one, other):
        assert instance.run_launcher.terminate(run.run_id)


def test_a_killed_worker_is_replaced(instance: dg.DagsterInstance) -> None:
    killed = _process(_ended(instance, _launch(instance, "brief")))
    os.kill(killed.pid, signal.SIGKILL)
    _until(killed.is_gone, SOON_S)
    run = _ended(instance, _launch(instance, "brief"))
    assert run.status is Status.SUCCESS
    assert _process(run) != killed


def test_a_worker_ends_with_a_run_that_failed(instance: dg.DagsterInstance) -> None:
    failed = _ended(instance, _launch(instance, "failing"))
    assert failed.status is Status.FAILURE
    _until(_process(failed).is_gone, SOON_S)
    assert _ended(instance, _launch(instance, "brief")).status is Status.SUCCESS


def test_a_process_that_has_gone_on_to_another_run_is_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    over = _ended(instance, _launch(instance, "brief"))
    running = _begun(instance, _launch(instance, "waiting"))
    assert _process(running) == _process(over)
    stale = instance.add_run(_pretending(over))
    assert not instance.run_launcher.terminate(stale.run_id)
    assert not _process(running).is_gone()
    instance.report_run_canceled(stale)
    assert instance.run_launcher.terminate(running.run_id)


def _pretending(run: dg.DagsterRun) -> dg.DagsterRun:
    """Return a run that is said to go on in the process of another one."""
    run_id = str(uuid4())
    tags = process_tags(run_id, _process(run).pid)
    return dg.DagsterRun(run.job_name, run_id=run_id, status=Status.STARTED, tags=dict(tags))


@pytest.mark.slow
def test_a_worker_that_does_not_answer_is_ended_and_replaced(instance: dg.DagsterInstance) -> None:
    mute = _process(_ended(instance, _launch(instance, "brief")))
    time.sleep(1)  # it says that it is free before it is stopped
    os.kill(mute.pid, signal.SIGSTOP)
    run = _ended(instance, _launch(instance, "brief"))
    assert run.status is Status.SUCCESS
    assert _process(run) != mute
    assert mute.is_gone()


def test_a_terminated_run_is_cancelled_soon_and_its_worker_replaced(
    instance: dg.DagsterInstance,
) -> None:
    run = _begun(instance, _launch(instance, "waiting"))
    began = time.monotonic()
    assert instance.run_launcher.terminate(run.run_id)
    assert time.monotonic() - began < SOON_S
    assert _held(instance, run.run_id).status is Status.CANCELED
    assert _process(run).is_gone()
    assert not instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_RESTARTED)
    assert _ended(instance, _launch(instance, "brief")).status is Status.SUCCESS


def test_a_run_beats_while_its_worker_executes_it(instance: dg.DagsterInstance) -> None:
    assert _ended(instance, _launch(instance, "heard")).status is Status.SUCCESS


def test_a_run_of_another_host_whose_worker_was_killed_is_failed_when_it_is_silent(
    instance: dg.DagsterInstance,
) -> None:
    run = _begun(instance, _launch(instance, "waiting"))
    worker = _process(run)
    instance.add_run_tags(run.run_id, {HOST_TAG: "elsewhere"})
    os.kill(worker.pid, signal.SIGKILL)
    _until(worker.is_gone, SOON_S)
    assert end_lost_runs(instance) == []
    assert end_lost_runs(instance, clock=lambda: time.time() + SILENCE_S + 1) == [run.run_id]
    assert _held(instance, run.run_id).status is Status.FAILURE


def test_a_run_that_is_over_or_unknown_is_not_terminated(instance: dg.DagsterInstance) -> None:
    over = _ended(instance, _launch(instance, "brief"))
    assert not instance.run_launcher.terminate(over.run_id)
    assert not instance.run_launcher.terminate("0" * 8)


def test_an_idle_worker_ends_when_its_launchers_process_is_killed(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=LAUNCHER) as instance:
        run_id = _created(instance, "brief").run_id
        with _launching(tmp_path, run_id) as parent:
            worker = _process(_ended(instance, run_id))
            assert not worker.is_gone()
            parent.kill()
        _until(worker.is_gone, SOON_S)


def test_a_run_ends_well_although_its_launchers_process_was_killed(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=LAUNCHER) as instance:
        run_id = _created(instance, "short").run_id
        with _launching(tmp_path, run_id) as parent:
            worker = _process(_begun(instance, run_id))
            parent.kill()
        assert _ended(instance, run_id).status is Status.SUCCESS
        _until(worker.is_gone, SOON_S)


def launch_and_wait(folder: str, run_id: str) -> None:
    """Launch a run and live until killed: what a child process of these tests does."""
    with dg.DagsterInstance.local_temp(folder, overrides=LAUNCHER) as instance:
        _hand_over(instance, _held(instance, run_id))
        time.sleep(START_S)


def _launching(folder: Path, run_id: str) -> subprocess.Popen[bytes]:
    code = f"from {__name__} import launch_and_wait; launch_and_wait({str(folder)!r}, {run_id!r})"
    return subprocess.Popen([sys.executable, "-c", code])


def _created(instance: dg.DagsterInstance, job: str) -> dg.DagsterRun:
    recipe = ReconstructableJob.for_module(launched.__name__, job)
    return instance.create_run_for_job(
        recipe.get_definition(), job_code_origin=recipe.get_python_origin()
    )


def _hand_over(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))


def _launch(instance: dg.DagsterInstance, job: str) -> str:
    run = _created(instance, job)
    _hand_over(instance, run)
    return run.run_id


def _ended(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    _until(lambda: _held(instance, run_id).is_finished, START_S)
    return _held(instance, run_id)


def _begun(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    """Return a run whose step is under way."""
    step = dg.DagsterEventType.STEP_START
    _until(lambda: bool(instance.all_logs(run_id, of_type=step)), START_S)
    return _held(instance, run_id)


def _held(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def _process(run: dg.DagsterRun) -> RunProcess:
    process = process_of(run)
    assert process is not None
    assert process.host == socket.gethostname()
    return process


def _until(condition: Callable[[], bool], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s:g} s"
        time.sleep(0.05)
