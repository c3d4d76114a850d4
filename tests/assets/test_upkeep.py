"""The jobs on the whole state: what they do, tell and refuse."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
import polars as pl
import pytest

from mmrag_pipeline.assets.upkeep import MEMO_UPKEEP, PURGE, Upkeep, memo_upkeep_job, purge_job
from mmrag_pipeline.ids import digest_text, file_id
from mmrag_pipeline.indexing.receipts import moment_of, verify_receipt
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.tombstones import bury
from mmrag_pipeline.resources.run_processes import process_tags
from mmrag_pipeline.stores.answer_cache import FolderAnswers
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryTables
from mmrag_pipeline.stores.reports import keep_report
from mmrag_pipeline.stores.run_lock import running
from mmrag_pipeline.testing.snapshot import index_points
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import TODAY, State, fake_settings, fake_world

KEPT = digest_text("a question")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def state(tmp_path: Path) -> Upkeep:
    """Return the state of an indexed domain of two files."""
    source, tables, memo = FakeSource(), MemoryTables(), MemoryMemo()
    source.put("shop", "secret.png", b"img:1")
    source.put("shop", "other.png", b"img:2")
    settings = fake_settings().model_copy(update={"home": tmp_path, "lock_timeout_s": 0.05})
    world = fake_world(source, state=State(tables=tables, memo=memo), settings=settings)
    run_partition(world, "shop", Mode("first"))
    return Upkeep(world, memo)


def _run(
    job: dg.JobDefinition, instance: dg.DagsterInstance, **config: object
) -> dg.ExecuteInProcessResult:
    ops = {"ops": {"purge_files": {"config": config}}} if config else {}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(
        run_config={**ops, **quiet}, instance=instance, raise_on_error=False
    )


def _upkeep(state: Upkeep, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    held = dg.ResourceDefinition.hardcoded_resource(state)
    return _run(memo_upkeep_job(held), instance)


def _purge(
    state: Upkeep, instance: dg.DagsterInstance, **config: object
) -> dg.ExecuteInProcessResult:
    held = dg.ResourceDefinition.hardcoded_resource(state)
    return _run(purge_job(held), instance, domain="shop", **config)


def _told(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = [e for e in result.all_events if e.is_successful_output]
    return {name: entry.value for name, entry in event.step_output_data.metadata.items()}


def _error(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [e for e in result.all_events if e.is_step_failure]
    data = event.step_failure_data.user_failure_data
    return str(data.description) if data else ""


def _keys(state: Upkeep) -> set[object]:
    return {payload["key"] for payload, _, _ in index_points(state.world, "shop").values()}


def _start_run(instance: dg.DagsterInstance, *, here: bool) -> None:
    """Let the instance know of a run under way, in this process or who knows where."""
    run_id = str(uuid4())
    started = dg.DagsterRunStatus.STARTED
    tags = dict(process_tags(run_id)) if here else {}
    instance.add_run(dg.DagsterRun(job_name="index", run_id=run_id, status=started, tags=tags))


def test_upkeep_counts_what_it_kept(state: Upkeep, instance: dg.DagsterInstance) -> None:
    told = _told(_upkeep(state, instance))
    assert told.keys() == {"entries", "files_merged", "dropped", "shelves"}
    assert told["dropped"] == 0


def test_upkeep_does_nothing_while_a_run_is_under_way(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    with running(state.world.settings.home):
        result = _upkeep(state, instance)
    assert result.success
    assert "a run is under way" in str(_told(result)["skipped"])


def test_upkeep_does_nothing_while_another_machine_has_a_run(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    _start_run(instance, here=False)
    assert "another machine" in str(_told(_upkeep(state, instance))["skipped"])


def test_of_runs_on_this_machine_the_lock_alone_tells(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    _start_run(instance, here=True)
    assert "dropped" in _told(_upkeep(state, instance))


def test_a_purge_by_id_leaves_no_name_in_the_event_log(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    result = _purge(state, instance, file_ids=[file_id("shop", "secret.png")], reason="a wish")
    assert result.success
    assert _keys(state) == {"other.png"}
    assert "secret" not in str(instance.all_logs(result.run_id))
    assert "secret" not in str(result.dagster_run)


def test_a_purge_removes_the_reports_of_evaluations_and_cached_answers(
    state: Upkeep, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    path = keep_report(tmp_path, "<p>", at=TODAY, run_id="r", keep=5)
    cache = FolderAnswers(tmp_path / "answers", 30.0)
    cache.put(KEPT, {"text": "secret"})
    _purge(state, instance, file_ids=["no id"])
    assert path.exists(), "a purge that was asked for wrongly removes nothing"
    assert cache.get(KEPT) == {"text": "secret"}
    _purge(state, instance, file_ids=[file_id("shop", "secret.png")])
    assert not path.exists()
    assert cache.get(KEPT) is None


def test_copies_are_counted_in_the_event_log_and_named_in_the_receipt(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    assert isinstance(state.world.source, FakeSource)
    state.world.source.put("shop", "twin.png", b"img:1")
    run_partition(state.world, "shop", Mode("second"))
    result = _purge(state, instance, file_ids=[file_id("shop", "secret.png")])
    assert _told(result)["copies"] == 1
    assert "twin.png" in Path(str(_told(result)["receipt"])).read_text()
    assert "twin" not in str(instance.all_logs(result.run_id))


def test_a_purge_by_key_writes_a_receipt_that_holds(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    told = _told(_purge(state, instance, keys=["secret.png"]))
    text = Path(str(told["receipt"])).read_text()
    assert verify_receipt(text)
    assert "secret.png" in text
    assert told["complete"] is True


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"reason": "none"}, "no file was named"),
        ({"file_ids": ["../x"]}, "is no file id"),
        ({"keys": ["a"], "domain": "a/b"}, "cannot name a domain"),
    ],
)
def test_a_wrong_config_is_refused(
    state: Upkeep, instance: dg.DagsterInstance, config: dict[str, object], said: str
) -> None:
    held = dg.ResourceDefinition.hardcoded_resource(state)
    result = _run(purge_job(held), instance, **{"domain": "shop", **config})
    assert said in _error(result)


def test_a_purge_waits_for_no_run_for_ever_and_its_tombstone_stands(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    with running(state.world.settings.home):
        result = _purge(state, instance, keys=["secret.png"])
    assert "a run is under way" in _error(result)
    run_partition(state.world, "shop", Mode("later"))
    assert _keys(state) == {"other.png"}


def test_what_is_left_fails_the_run(state: Upkeep, instance: dg.DagsterInstance) -> None:
    state.keeper.append("sounds", "f1", "shop", pl.DataFrame({"key": ["a"]}))
    assert "not all is gone" in _error(_purge(state, instance, keys=["secret.png"]))


def test_the_jobs_load_beside_others() -> None:
    defs = dg.Definitions(jobs=[MEMO_UPKEEP, PURGE], executor=dg.in_process_executor)
    dg.Definitions.validate_loadable(defs)
    names = {job.name for job in defs.get_repository_def().get_all_jobs()}
    assert names == {"memo_upkeep", "purge"}


def test_it_completes_in_other_domains_what_did_not_end(
    state: Upkeep, instance: dg.DagsterInstance
) -> None:
    world = state.world
    assert isinstance(world.source, FakeSource)
    world.source.put("garden", "twin.png", b"img:1")
    run_partition(world, "garden", Mode("second"))
    for domain, key in (("shop", "secret.png"), ("garden", "twin.png")):
        bury(world, domain, [file_id(domain, key)], at=TODAY, receipt=moment_of(TODAY))
    told = _told(_purge(state, instance, keys=["secret.png"]))
    assert (told["files"], told["complete"], told["copies"]) == (2, True, 0)
    assert not index_points(world, "garden")
