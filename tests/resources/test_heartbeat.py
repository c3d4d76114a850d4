"""A run is lost when its host says so, or when nothing is heard of it for long."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.resources.heartbeat import (
    ALIVE_TAG,
    BEAT_S,
    SILENCE_S,
    beating,
    last_beat_s,
    thread_name,
)
from mmrag_pipeline.resources.run_processes import (
    HOST_TAG,
    RunProcess,
    process_tags,
    process_with,
    why_lost,
)

RUN = "0f3a5c7e"
NOW_S = 1_800_000_000.0
SOON_S = 10.0


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Give an instance on disk, as runs of several threads and hosts have it."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def test_a_run_may_miss_ten_beats() -> None:
    run = _run({HOST_TAG: "elsewhere", ALIVE_TAG: f"{RUN}@{NOW_S - 10 * BEAT_S:.0f}"})
    assert why_lost(run, is_here=_is_here, now_s=NOW_S) == ""


def _is_here(process: RunProcess) -> bool:
    return process.host == "here"


@pytest.mark.parametrize(
    ("tags", "lost"),
    [
        ({ALIVE_TAG: f"{RUN}@{NOW_S - SILENCE_S - 1:.0f}"}, True),
        ({ALIVE_TAG: f"{RUN}@{NOW_S - SILENCE_S:.0f}"}, False),
        ({ALIVE_TAG: f"{RUN}@{NOW_S + 9_999:.0f}"}, False),
        ({ALIVE_TAG: "another@1"}, False),
        ({ALIVE_TAG: f"{RUN}@yesterday"}, False),
        ({}, False),
    ],
    ids=["silent", "heard of", "ahead", "of the run before", "not a time", "no beat"],
)
def test_a_run_of_another_host_is_lost_when_it_fell_silent(
    tags: Mapping[str, str], lost: bool
) -> None:
    run = _run({HOST_TAG: "elsewhere", **tags})
    assert bool(why_lost(run, is_here=_is_here, now_s=NOW_S)) == lost


@pytest.mark.parametrize(
    ("host", "system", "here"),
    [
        (socket.gethostname(), None, True),
        (socket.gethostname(), "another-boot:pid:[1]", False),
        ("elsewhere", None, False),
        (socket.gethostname(), "", True),
    ],
    ids=[
        "this process",
        "another machine of this name",
        "another name",
        "a system that says no more",
    ],
)
def test_a_process_is_here_when_its_id_means_something_here(
    host: str, system: str | None, here: bool
) -> None:
    mine = process_with(os.getpid())
    start = mine.start if system is None else f"{system}:7" if system else ""
    assert RunProcess(host, mine.pid, start).is_here() == here


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize("beat_s", [NOW_S, 1.0])
def test_a_run_of_this_host_is_judged_by_its_process(gone: bool, beat_s: float) -> None:
    run = _run({HOST_TAG: "here", ALIVE_TAG: f"{RUN}@{beat_s:.0f}"})
    assert bool(why_lost(run, is_here=_is_here, now_s=NOW_S, is_gone=lambda _: gone)) == gone


def test_a_run_that_did_not_say_where_it_is_is_not_judged() -> None:
    run = dg.DagsterRun("index", run_id=RUN, tags={ALIVE_TAG: f"{RUN}@1"})
    assert why_lost(run, is_here=_is_here, now_s=NOW_S, is_gone=lambda _: True) == ""


def test_a_run_is_heard_of_again_and_again_until_it_is_over(instance: dg.DagsterInstance) -> None:
    instance.add_run(_run({ALIVE_TAG: f"{RUN}@1"}))
    with beating(instance, RUN, every_s=0.01):
        _until(lambda: _heard_s(instance) > 1)
        assert thread_name(RUN) in _threads()
    assert thread_name(RUN) not in _threads()


def test_a_beat_that_fails_is_missed_and_no_more(instance: dg.DagsterInstance) -> None:
    with beating(instance, RUN, every_s=0.01):  # of a run that nobody knows yet
        time.sleep(0.1)
        assert thread_name(RUN) in _threads()
        instance.add_run(_run({ALIVE_TAG: f"{RUN}@1"}))
        _until(lambda: _heard_s(instance) > 1)
        assert _heard_s(instance) > 1


def test_beats_write_no_events(instance: dg.DagsterInstance) -> None:
    instance.add_run(_run({ALIVE_TAG: f"{RUN}@1"}))
    with beating(instance, RUN, every_s=0.01):
        _until(lambda: _heard_s(instance) > 1)
    assert list(instance.all_logs(RUN)) == []


def _run(tags: Mapping[str, str]) -> dg.DagsterRun:
    status = dg.DagsterRunStatus.STARTED
    return dg.DagsterRun("index", run_id=RUN, status=status, tags={**process_tags(RUN), **tags})


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def _heard_s(instance: dg.DagsterInstance) -> float:
    run = instance.get_run_by_id(RUN)
    return (run and last_beat_s(run)) or 0.0


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end, f"not within {SOON_S:g} s"
        time.sleep(0.01)
