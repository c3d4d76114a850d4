"""What the jobs tell: steps within the span of their run, errors, and measures."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.assets.run_index import PartitionRun, run_partitions
from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.telemetry import TRACE_TAG
from mmrag_pipeline.testing.evaluators import fake_evaluator
from mmrag_pipeline.testing.heard import Heard
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_settings, fake_world
from tests.assets.evaluating import instance, run_evaluation

__all__ = ["instance"]


@pytest.fixture
def source() -> FakeSource:
    """Return a source of one text."""
    made = FakeSource()
    made.put("shop", "kettle.txt", b"txt:a red kettle")
    return made


def run(source: FakeSource, heard: Heard, instance: dg.DagsterInstance) -> PartitionRun:
    world = replace(fake_world(source), telemetry=heard)
    (made,) = run_partitions(world, ["shop"], instance=instance, mode=Mode(""))
    return made


def test_steps_are_within_the_span_that_asked_for_the_run(
    source: FakeSource, instance: dg.DagsterInstance
) -> None:
    heard = Heard()
    made = run(source, heard, instance)
    stored = instance.get_run_by_id(made.run_id)
    assert stored is not None
    assert stored.tags[TRACE_TAG] == "trace of run"
    stations = [(name, parent) for name, _, parent in heard.spans if name != "run"]
    assert len(stations) == 9
    assert {parent for _, parent in stations} == {"trace of run"}


def test_each_step_pushes_once(source: FakeSource, instance: dg.DagsterInstance) -> None:
    heard = Heard()
    run(source, heard, instance)
    assert len(heard.pushed) == 9
    assert heard.pushed == sorted(heard.pushed)


def test_a_step_that_fails_is_told_and_pushed_until_it_succeeds(
    source: FakeSource, instance: dg.DagsterInstance
) -> None:
    heard = Heard()
    source.listing_error = ListingError("permission denied")
    assert run(source, heard, instance).error
    assert heard.values["mmrag_station_failed", "raw_files", "shop"] == 1
    assert heard.pushed
    assert ("mmrag_last_success_timestamp_seconds", "shop") not in heard.values
    source.listing_error = None
    assert not run(source, heard, instance).error
    assert heard.values["mmrag_station_failed", "raw_files", "shop"] == 0


def test_an_evaluation_tells_its_measures(
    source: FakeSource, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    settings = fake_settings().model_copy(update={"home": tmp_path})
    heard, world = Heard(), fake_world(source, settings=settings)
    run_partition(world, "shop", Mode("first"))
    queries = [LabelledQuery("a", "a red kettle", None, ("kettle.txt",), "words")]
    evaluator = fake_evaluator(world, queries)
    heard_by = replace(evaluator, searcher=replace(evaluator.searcher, telemetry=heard))
    assert run_evaluation(heard_by, instance).success
    assert heard.values["mmrag_evaluation_measure_ratio", "R@10", "fused"] == 1.0
    assert heard.values["mmrag_evaluation_worse",] == 0
