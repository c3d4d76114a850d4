"""A person is told of each run that begins or ends, once, and of no run of before."""

from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from demo.progress import Progress, is_up
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.memory import MemoryTables
from tests.stores.samples import lineage


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Give an instance without runs."""
    with dg.DagsterInstance.ephemeral() as made:
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
