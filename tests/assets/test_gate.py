"""The check `collection/gate`: a generation that is held back is seen, and fails no run."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from mmrag_pipeline.assets.run_index import PartitionRun, run_partitions
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.checks import judge_counts
from mmrag_pipeline.indexing.generations import promote, rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.sensors.situation import situation
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.gates import BlindText, gated
from mmrag_pipeline.testing.snapshot import serving
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import Models, fake_world

SHOP = "shop"
WORDS = ("amber bolt", "cedar delta", "ember fjord", "grove harbor", "amber delta", "bolt fjord")
QUERIES = [LabelledQuery(w, w, None, (f"{n}.txt",), "words") for n, w in enumerate(WORDS)]
ANNA = Said(by="anna", reason="seen by hand")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def world() -> World:
    """Return a world with six texts and labelled queries for its gate."""
    source = FakeSource()
    for number, words in enumerate(WORDS):
        source.put(SHOP, f"{number}.txt", f"txt:{words}".encode())
    return gated(fake_world(source), QUERIES)


@pytest.fixture
def worse(world: World, instance: dg.DagsterInstance) -> World:
    """Return the indexed world with a model for which all texts are the same."""
    _index(world, instance)
    return gated(replace(world, text=BlindText()), QUERIES, Models(text=world.text))


def test_a_first_generation_serves_and_passes(world: World, instance: dg.DagsterInstance) -> None:
    assert _index(world, instance).warnings == ()
    assert _check(instance).passed


def test_a_worse_one_is_held_back_with_a_warning_and_the_run_succeeds(
    worse: World, instance: dg.DagsterInstance
) -> None:
    run = _index(worse, instance)
    assert run.error == ""
    (warning,) = run.warnings
    assert warning.startswith("shop collection/gate: mmrag__shop__g2 does not serve,")
    assert "worse: text 1.000 to " in warning
    assert "more than MMRAG_GATE_MAX_LOSS=0.02" in warning
    assert "`mmrag promote shop --reason TEXT`" in warning
    assert serving(worse, SHOP) == "mmrag__shop__g1"


def test_the_failed_check_shows_what_was_measured(
    worse: World, instance: dg.DagsterInstance
) -> None:
    _index(worse, instance)
    check = _check(instance)
    table = check.metadata["scores"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert isinstance(table, dg.TableMetadataValue)
    text = next(dict(r.data) for r in table.records if r.data["ranking"] == "text")
    assert (text["queries"], text["live"], text["worse"]) == (6, 1.0, True)


def test_the_check_tells_what_began_to_serve_in_which_ones_place(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance)
    _index(replace(world, settings=_float16(world)), instance)
    told = {name: value.value for name, value in _check(instance).metadata.items()}
    assert told["began_to_serve"] == "mmrag__shop__g1 -> mmrag__shop__g2"
    assert told["gate"] == "passed"
    assert "worst of fused" in str(told["gate_said"])


def test_the_check_of_a_run_that_decides_nothing_tells_of_no_decision(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance)
    assert "began_to_serve" not in _check(instance).metadata


def test_checks_of_what_was_written_pass_while_it_is_held_back(
    worse: World, instance: dg.DagsterInstance
) -> None:
    _index(worse, instance)
    assert _check(instance, "count").passed
    assert _check(instance, "layout").passed


def test_points_lost_from_a_generation_that_is_held_back_are_found(
    worse: World, instance: dg.DagsterInstance
) -> None:
    _index(worse, instance)
    kept = worse.vectors.layouts()["mmrag__shop__g2"]
    worse.vectors.drop("mmrag__shop__g2")
    worse.vectors.create("mmrag__shop__g2", kept)
    assert not judge_counts(worse, SHOP).passed


def test_one_that_is_held_back_asks_for_no_further_runs(
    worse: World, instance: dg.DagsterInstance
) -> None:
    assert situation(worse, SHOP)
    _index(worse, instance)
    assert situation(worse, SHOP) == ""


def test_one_that_was_promoted_passes_and_tells_why(
    worse: World, instance: dg.DagsterInstance
) -> None:
    _index(worse, instance)
    promote(worse, SHOP, ANNA)
    assert _index(worse, instance).warnings == ()
    assert _check(instance).description == "nothing keeps it from serving: seen by hand"


def test_one_that_was_rolled_back_fails_the_check_with_who_and_why(
    world: World, instance: dg.DagsterInstance
) -> None:
    _index(world, instance)
    better = replace(world, settings=_float16(world))
    _index(better, instance)
    rollback(better, SHOP, ANNA)
    (warning,) = _index(better, instance).warnings
    assert "rolled back by anna on 2026-01-02 00:00 (seen by hand)" in warning
    assert "bring mmrag__shop__g1 up to date, set MMRAG_INDEX_DATATYPE=float32" in warning
    assert situation(better, SHOP) == ""


def _index(world: World, instance: dg.DagsterInstance) -> PartitionRun:
    (run,) = run_partitions(world, [SHOP], instance=instance, mode=Mode(""))
    return run


def _check(instance: dg.DagsterInstance, name: str = "gate") -> dg.AssetCheckEvaluation:
    (run,) = instance.get_runs(limit=1)
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    events = [log.dagster_event for log in logs if log.dagster_event is not None]
    checks = [event.asset_check_evaluation_data for event in events]
    wanted = dg.AssetCheckKey(dg.AssetKey("collection"), name)
    return next(check for check in checks if check.asset_check_key == wanted)


def _float16(world: World) -> Settings:
    return world.settings.model_copy(update={"index_datatype": "float16"})
