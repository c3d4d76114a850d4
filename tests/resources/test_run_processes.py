"""A run whose process was killed is ended, so that its domain is free again; no other run is."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from mmrag_pipeline.assets.run_index import run_partitions
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.resources.heartbeat import ALIVE_TAG, SILENCE_S, last_beat_s, thread_name
from mmrag_pipeline.resources.pipeline import PipelineResource
from mmrag_pipeline.resources.run_processes import (
    HOST_TAG,
    PID_TAG,
    START_TAG,
    end_lost_runs,
    is_of_a_step,
    note_process,
    process_of,
    process_tags,
    process_with,
)
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_world
from tests.resources import children

REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "repository")
ORIGIN = RemoteJobOrigin(REPOSITORY, "index")
STARTED = dg.DagsterRunStatus.STARTED


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(scope="module")
def dead() -> int:
    """Return the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    return child.pid


@pytest.mark.parametrize("told", ["tagged", "noted"])
def test_a_run_whose_process_was_killed_is_failed(tmp_path: Path, told: str) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        killed = _killed(tmp_path, told)
        assert _status(instance, killed) is STARTED
        assert end_lost_runs(instance) == [killed]
        assert _status(instance, killed) is dg.DagsterRunStatus.FAILURE
        assert end_lost_runs(instance) == []


def test_a_killed_process_that_nobody_has_reaped_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = process_with(child.pid)
    assert not process.is_gone()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.is_gone()
    child.communicate()


def test_a_run_of_this_process_goes_on(instance: dg.DagsterInstance) -> None:
    _run(instance, {})
    assert end_lost_runs(instance) == []


def test_a_process_that_got_the_id_of_a_run_is_not_taken_for_it(
    instance: dg.DagsterInstance,
) -> None:
    system = process_with(os.getpid()).start.rpartition(":")[0]
    run = _run(instance, {START_TAG: f"{system}:1"})
    assert end_lost_runs(instance) == [run.run_id]


def test_without_start_times_the_id_alone_decides(instance: dg.DagsterInstance, dead: int) -> None:
    _run(instance, {START_TAG: ""})
    gone = _run(instance, {START_TAG: "", PID_TAG: str(dead)})
    assert end_lost_runs(instance) == [gone.run_id]


def test_a_run_of_another_host_that_is_silent_is_failed_and_told_since_when(
    instance: dg.DagsterInstance,
) -> None:
    run = _run(instance, {HOST_TAG: "elsewhere"})
    instance.add_run_tags(run.run_id, {ALIVE_TAG: f"{run.run_id}@1000"})
    assert end_lost_runs(instance, clock=lambda: 1_000 + SILENCE_S) == []
    assert end_lost_runs(instance, clock=lambda: 1_001 + SILENCE_S) == [run.run_id]
    (entry,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "on elsewhere) was last heard of at 1970-01-01T00:16:40" in (entry.message or "")


def test_a_run_again_does_not_inherit_the_process_of_the_first(
    instance: dg.DagsterInstance, dead: int
) -> None:
    first = _run(instance, {PID_TAG: str(dead)})
    instance.add_run(_again(first))
    assert end_lost_runs(instance) == [first.run_id]


@pytest.mark.parametrize("pid", ["", "0", "-1", "1e3", "9" * 30, "12; true"])
def test_a_tag_that_is_no_process_id_ends_nothing(instance: dg.DagsterInstance, pid: str) -> None:
    run = _run(instance, {PID_TAG: pid})
    assert process_of(run) is None
    assert end_lost_runs(instance) == []


def test_a_run_that_waits_in_the_queue_is_left_alone(
    instance: dg.DagsterInstance, dead: int
) -> None:
    _run(instance, {PID_TAG: str(dead)}, status=dg.DagsterRunStatus.QUEUED)
    assert end_lost_runs(instance) == []


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING])
def test_a_command_that_was_killed_before_its_run_began_holds_nothing_up(
    instance: dg.DagsterInstance, dead: int, status: dg.DagsterRunStatus
) -> None:
    run = _run(instance, {PID_TAG: str(dead)}, status=status)
    assert end_lost_runs(instance) == [run.run_id]


def test_a_lost_run_that_was_being_cancelled_is_cancelled(
    instance: dg.DagsterInstance, dead: int
) -> None:
    run = _run(instance, {PID_TAG: str(dead)}, status=dg.DagsterRunStatus.CANCELING)
    end_lost_runs(instance)
    assert _status(instance, run.run_id) is dg.DagsterRunStatus.CANCELED


def test_the_end_of_a_lost_run_says_which_process_is_gone(
    instance: dg.DagsterInstance, dead: int
) -> None:
    run = _run(instance, {PID_TAG: str(dead)})
    end_lost_runs(instance)
    (entry,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert f"id {dead} on {socket.gethostname()}" in (entry.message or "")


def test_a_resource_outside_a_run_notes_nothing(instance: dg.DagsterInstance) -> None:
    note_process(dg.build_init_resource_context(instance=instance))
    assert instance.get_runs() == []


def test_the_pipeline_notes_the_process_of_its_run(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_HOME", str(tmp_path))
    job = dg.Definitions(
        jobs=[children.opening], resources={"pipeline": PipelineResource()}
    ).resolve_job_def("opening")
    assert job.execute_in_process(instance=instance).success
    (run,) = instance.get_runs()
    assert process_of(run) == process_with(os.getpid())


def test_a_command_ends_lost_runs_and_notes_the_process_of_its_own(
    instance: dg.DagsterInstance, dead: int
) -> None:
    lost = _run(instance, {PID_TAG: str(dead)})
    world = fake_world(FakeSource())
    (done,) = run_partitions(world, ["shop"], instance=instance, mode=Mode(""))
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    assert process_of(run) == process_with(os.getpid())
    assert _status(instance, lost.run_id) is dg.DagsterRunStatus.FAILURE


def test_a_commands_run_beats_while_it_lasts(instance: dg.DagsterInstance) -> None:
    source, threads = FakeSource(), set[str]()
    source.put("shop", "a", b"txt:words")
    source.while_reading = lambda: threads.update(t.name for t in threading.enumerate())
    (done,) = run_partitions(fake_world(source), ["shop"], instance=instance, mode=Mode(""))
    run = instance.get_run_by_id(done.run_id)
    assert run is not None
    assert last_beat_s(run) == pytest.approx(time.time(), abs=60)
    assert thread_name(run.run_id) in threads


def test_the_pod_of_one_step_is_not_taken_for_that_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DAGSTER_RUN_STEP_KEY", "vision")
    assert is_of_a_step()


def test_the_process_of_one_step_is_not_taken_for_that_of_the_run() -> None:
    answers, telling = children.SPAWN.Pipe(duplex=False)
    run = children.SPAWN.Process(target=children.tell, args=(telling, 1))
    run.start()
    run.join()
    assert [is_of_a_step(), answers.recv(), answers.recv()] == [False, False, True]


def _killed(folder: Path, told: str) -> str:
    """Return the id of a run whose process was killed while it worked."""
    run_id = str(uuid4())
    with subprocess.Popen(
        [sys.executable, "-m", children.__name__, str(folder), run_id, told],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"waiting\n"
        child.send_signal(signal.SIGKILL)
    return run_id


def _run(
    instance: dg.DagsterInstance,
    tags: Mapping[str, str],
    *,
    status: dg.DagsterRunStatus = STARTED,
) -> dg.DagsterRun:
    """Return a run of this process, but for some of its tags."""
    run_id = str(uuid4())
    run = dg.DagsterRun(
        job_name="index",
        run_id=run_id,
        status=status,
        tags={**process_tags(run_id), **tags},
        remote_job_origin=ORIGIN,
    )
    return instance.add_run(run)


def _again(run: dg.DagsterRun) -> dg.DagsterRun:
    """Return a run with everything of another but its id."""
    return dg.DagsterRun(job_name="index", run_id=str(uuid4()), status=run.status, tags=run.tags)


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status
