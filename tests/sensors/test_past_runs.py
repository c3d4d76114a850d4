"""Why a run failed, and whether it will again, is read from what Dagster remembers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg
import pytest

from mmrag_pipeline.assets.materialize import failure_of
from mmrag_pipeline.assets.run_index import run_partitions
from mmrag_pipeline.errors import (
    CollectionBusyError,
    CollectionMismatchError,
    CorruptStateError,
    ListingError,
    MmragError,
    ModelDriftError,
    ModelUnavailableError,
    OvertakenError,
    SettingsError,
    StateUnavailableError,
)
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.sensors.past_runs import Cause, cause_of, histories
from mmrag_pipeline.stores.memory import MemoryMemo
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import fake_world

SHOP = "shop"
LASTING = (
    SettingsError("x"),
    ModelUnavailableError("x", setting="y"),
    ModelDriftError("x"),
    CollectionMismatchError("x"),
    StateUnavailableError("x"),
)
PASSING = (
    ListingError("x"),
    CorruptStateError("x"),
    CollectionBusyError("x"),
    OvertakenError("x"),
    StateUnavailableError("x", may_pass=True),
)


class Misconfigured(FakeSource):
    """A source whose settings contradict each other."""

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Raise SettingsError."""
        raise SettingsError("two settings contradict each other")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_a_listing_that_failed_may_work_later(instance: dg.DagsterInstance) -> None:
    source = FakeSource()
    source.listing_error = ListingError("the bucket is gone")
    cause = cause_of(instance, _index(fake_world(source), instance))
    assert cause == Cause("ListingError: the bucket is gone", lasting=False)


def test_settings_that_contradict_each_other_fail_for_good(instance: dg.DagsterInstance) -> None:
    cause = cause_of(instance, _index(fake_world(Misconfigured()), instance))
    assert cause == Cause("SettingsError: two settings contradict each other", lasting=True)


def test_a_failed_blocking_check_is_the_cause_and_for_good(instance: dg.DagsterInstance) -> None:
    source = FakeSource()
    source.put(SHOP, "a.png", b"img:one@100x80")
    world = fake_world(source)
    _index(world, instance)
    cause = cause_of(instance, _index(replace(world, memo=MemoryMemo()), instance))
    assert cause.message.startswith("image_vectors/unit: ")
    assert cause.lasting


def test_a_run_that_others_report_as_failed_says_what_they_say(
    instance: dg.DagsterInstance,
) -> None:
    run = instance.add_run(dg.DagsterRun(job_name="index"))
    instance.report_run_failed(run, "its process is gone")
    assert cause_of(instance, run.run_id) == Cause("its process is gone", lasting=False)


def test_a_run_without_a_word_has_a_cause_all_the_same(instance: dg.DagsterInstance) -> None:
    assert cause_of(instance, "unknown").message == "it did not say why"


@pytest.mark.parametrize("error", [*LASTING, *PASSING], ids=lambda e: type(e).__name__)
def test_errors_that_only_a_person_can_mend_are_lasting(error: MmragError) -> None:
    marked = failure_of(error).metadata["mmrag/lasting"]
    assert marked.value is (error in LASTING)


def test_only_domains_whose_last_run_failed_have_a_history(instance: dg.DagsterInstance) -> None:
    first = _ended(instance, SHOP, dg.DagsterRunStatus.FAILURE)
    second = _ended(instance, SHOP, dg.DagsterRunStatus.FAILURE)
    _ended(instance, "office", dg.DagsterRunStatus.FAILURE)
    _ended(instance, "office", dg.DagsterRunStatus.SUCCESS)
    found = histories(instance, [SHOP, "office", "bare"], limit=5)
    assert [run.run_id for run in found.pop(SHOP)] == [second, first]
    assert found == {}


def _ended(instance: dg.DagsterInstance, domain: str, status: dg.DagsterRunStatus) -> str:
    tags = {"dagster/partition": domain}
    return instance.add_run(dg.DagsterRun(job_name="index", tags=tags, status=status)).run_id


def _index(world: World, instance: dg.DagsterInstance) -> str:
    (run,) = run_partitions(world, [SHOP], instance=instance, mode=Mode(""))
    return run.run_id
