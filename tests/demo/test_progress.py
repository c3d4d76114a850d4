"""A person is told of each run that begins or ends, once, and of no run of before."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    TickData,
    TickStatus,
)
from dagster_shared.error import SerializableErrorInfo

from demo.progress import Progress, is_up, runs_under_way
from mmrag_pipeline.resources.instance import open_instance
from mmrag_pipeline.resources.run_processes import process_tags
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.memory import MemoryTables
from tests.stores.samples import lineage


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Give an instance without runs."""
    with open_instance(tmp_path) as made:
        yield made


@pytest.fixture
def tables() -> MemoryTables:
    """Return the tables of one indexed domain."""
    made = MemoryTables()
    none = pl.DataFrame(schema=TABLES["collection"])
    made.write(none, lineage("collection", none, "shop"))
    return made


def run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """Return a run of a domain that has started."""
    made = dg.DagsterRun(
        "index", status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "shop"}
    )
    return instance.add_run(made)


def tick(instance: dg.DagsterInstance, status: TickStatus, error: str = "") -> None:
    """Let the sensor `s3_events` have looked."""
    location = RegisteredCodeLocationOrigin("pipeline")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "repository"), "s3_events")
    selector_id = origin.get_selector().get_id()
    if not instance.all_instigator_state():
        running = InstigatorStatus.DECLARED_IN_CODE
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, running))
    wrapped = SerializableErrorInfo("evaluation failed", [], "SensorExecutionError")
    cause = SerializableErrorInfo(f"QueueError: {error}\n", [], "QueueError")
    made = TickData(
        origin.get_id(),
        "s3_events",
        InstigatorType.SENSOR,
        status,
        time.time(),
        error=wrapped._replace(cause=cause) if error else None,
        selector_id=selector_id,
    )
    instance.create_tick(made)


def test_a_sensor_that_fails_is_told_once_for_each_cause(
    instance: dg.DagsterInstance, tables: MemoryTables
) -> None:
    tick(instance, TickStatus.FAILURE, "of before")
    progress = Progress(instance, tables, set())
    told = [*progress.lines()]
    for error in ("no queue", "no queue", "no network"):
        tick(instance, TickStatus.FAILURE, error)
        told += progress.lines()
        tick(instance, TickStatus.STARTED)
        told += progress.lines()
    shown = "the sensor s3_events fails: QueueError: {} (the UI says more)"
    assert told == [shown.format("no queue"), shown.format("no network")]


def test_a_sensor_that_failed_again_after_it_worked_is_told_again(
    instance: dg.DagsterInstance, tables: MemoryTables
) -> None:
    progress, counts = Progress(instance, tables, set()), []
    for status, error in ((TickStatus.FAILURE, "gone"), (TickStatus.SKIPPED, "")) * 2:
        tick(instance, status, error)
        counts.append(len([*progress.lines()]))
    assert counts == [1, 0, 1, 0]


def test_a_run_is_under_way_while_its_process_lives(instance: dg.DagsterInstance) -> None:
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    begun = run(instance)
    assert runs_under_way(instance) == []
    instance.add_run_tags(begun.run_id, process_tags(begun.run_id, worker.pid))
    assert runs_under_way(instance) == [begun.run_id]
    worker.communicate()
    assert runs_under_way(instance) == []


def test_a_first_run_is_told_when_it_begins_and_when_it_ends(
    instance: dg.DagsterInstance, tables: MemoryTables
) -> None:
    progress = Progress(instance, tables, {"shop"})
    begun = run(instance)
    assert [*progress.lines(), *progress.lines()] == ["shop: is being indexed"]
    over = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, "index")
    instance.report_dagster_event(over, begun.run_id)
    (line,) = [*progress.lines(), *progress.lines()]
    assert line.startswith("shop: indexed, 0 points (")
    assert progress.waiting == set()


def test_a_first_run_tells_now_and_then_how_far_it_is(
    instance: dg.DagsterInstance, tables: MemoryTables
) -> None:
    progress = Progress(instance, tables, {"shop"}, quiet_s=0.0)
    run(instance)
    assert list(progress.lines()) == ["shop: is being indexed"]
    none = pl.DataFrame(schema=TABLES["pages"])
    tables.write(none, lineage("pages", none, "shop"))
    assert [*progress.lines(), *progress.lines()] == ["shop: 2 of 11 tables are made"]


def test_a_failed_run_is_told_with_its_cause_and_its_domain_waits_on(
    instance: dg.DagsterInstance, tables: MemoryTables
) -> None:
    progress = Progress(instance, tables, {"shop"})
    instance.report_run_failed(run(instance), "the disk is full")
    (line,) = progress.lines()
    assert line.startswith("shop: failure after ")
    assert "the disk is full" in line
    assert progress.waiting == {"shop"}


def test_what_was_over_before_is_not_told(
    instance: dg.DagsterInstance, tables: MemoryTables
) -> None:
    instance.report_run_failed(run(instance), "long ago")
    assert list(Progress(instance, tables, {"shop"}).lines()) == []


def test_a_server_that_is_not_there_is_not_up() -> None:
    assert not is_up("http://127.0.0.1:9")
