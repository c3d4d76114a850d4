"""The event sensor keeps what the queue gives, then asks for runs of what it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mmrag_pipeline.assembly import Intake
from mmrag_pipeline.assets.partitions import DOMAIN
from mmrag_pipeline.errors import QueueError
from mmrag_pipeline.records import Event
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.sensors.past_runs import PastRun
from mmrag_pipeline.sensors.s3_events import (
    EVENTS_ONLY,
    FAILED_REST_S,
    UNREAD_REST_S,
    Door,
    event_sensor,
    requests,
    run_key,
    told_in_words,
)
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.absorb import Absorbed, Sinks
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.poison import PoisonBox
from mmrag_pipeline.stores.sqs import Queue, Received
from mmrag_pipeline.testing.queue import MemoryQueue
from tests.indexing.event_histories import BUCKET, notification
from tests.stores.samples import lineage

PUT = notification("ObjectCreated:Put", "a.png", "01")
"""About the object `root/d/a.png`."""
OTHER = PUT.replace("root%2Fd%2F", "root%2Fe%2F")
"""About the object `root/e/a.png`."""


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A queue that is denied."""

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Raise QueueError."""
        raise QueueError("the queue could not be read: access denied")

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Do nothing."""
        return 0


def token(second: int) -> str:
    """Return the name of an entry that was put at a second."""
    return f"inbox/shop/events-{second * 10**9:020d}-{0:032x}.json"


def past(status: dg.DagsterRunStatus, *, lasting: bool = False) -> PastRun:
    """Return a run that ended at second 1,000."""
    return PastRun("r1", status, 1_000.0, lasting)


def _intake(folder: Path, queue: Queue) -> Intake:
    def place_in(bucket: str, key: str) -> tuple[Located, ...]:
        return locate({}, [S3Place(BUCKET, "root/")], bucket=bucket, key=key)

    blobs = FolderBlobs(folder)
    inbox = BlobInbox(blobs)
    return Intake(queue, inbox, Sinks(inbox, PoisonBox(blobs), place_in), MemoryTables())


def _tick(intake: Intake, *known: str, most: int = 9) -> dg.SensorResult | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DOMAIN, list(known))
        context = dg.build_sensor_context(instance, resources={"intake": intake})
        with context:
            result = event_sensor(Settings(max_domains=most))(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def test_messages_that_come_again_are_told_of() -> None:
    told = Absorbed(received=9, events={"shop": 7}, returning=2)
    assert "kept shop: 7;" in told_in_words(told)
    assert "2 could not be removed from the queue and come again" in told_in_words(told)


def test_a_domain_with_events_is_asked_for_and_looks_at_their_files_only() -> None:
    (request,) = requests({"shop": "k1"}, known={"shop"}).run_requests or []
    asked = (request.partition_key, request.run_key, request.run_config)
    assert asked == ("shop", "k1", EVENTS_ONLY)


def test_a_domain_that_is_not_known_becomes_a_partition() -> None:
    (added,) = requests({"shop": "k1"}, known=set()).dynamic_partitions_requests or []
    assert list(added.partition_keys) == ["shop"]


def test_the_same_entries_have_one_key_and_others_another() -> None:
    one, two = token(1), token(2)
    keys = [run_key("shop", tokens, None, now_s=0) for tokens in ([one, two], [two, one], [one])]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("status", "rest_s"),
    [
        (dg.DagsterRunStatus.SUCCESS, UNREAD_REST_S),
        (dg.DagsterRunStatus.FAILURE, FAILED_REST_S),
        (dg.DagsterRunStatus.CANCELED, FAILED_REST_S),
    ],
)
def test_what_a_run_left_is_asked_for_again_after_a_rest(
    status: dg.DagsterRunStatus, rest_s: float
) -> None:
    left = [token(900)]
    first = run_key("shop", left, None, now_s=900)
    assert run_key("shop", left, past(status), now_s=999 + rest_s) == first
    assert run_key("shop", left, past(status), now_s=1_000 + rest_s) != first


def test_entries_put_after_the_last_run_need_no_rest() -> None:
    fresh = [token(900), token(1_001)]
    last = past(dg.DagsterRunStatus.FAILURE)
    assert run_key("shop", fresh, last, now_s=9e9) == run_key("shop", fresh, None, now_s=0)


def test_what_failed_for_good_is_not_asked_for_again() -> None:
    last, left = past(dg.DagsterRunStatus.FAILURE, lasting=True), [token(1)]
    assert run_key("shop", left, last, now_s=9e9) == run_key("shop", left, None, now_s=0)


def test_a_tick_keeps_events_acknowledges_them_and_asks_for_their_domain(tmp_path: Path) -> None:
    queue = MemoryQueue([PUT])
    result = _tick(_intake(tmp_path, queue), "d")
    assert isinstance(result, dg.SensorResult)
    assert [one.partition_key for one in result.run_requests or []] == ["d"]
    assert queue.bodies == {}


def test_what_an_earlier_tick_kept_is_asked_for_with_the_same_key(tmp_path: Path) -> None:
    intake = _intake(tmp_path, MemoryQueue([PUT]))
    keys = []
    for _ in range(2):
        result = _tick(intake, "d")
        assert isinstance(result, dg.SensorResult)
        keys += [one.run_key for one in result.run_requests or []]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_tick_without_events_asks_for_nothing(tmp_path: Path) -> None:
    assert isinstance(_tick(_intake(tmp_path, MemoryQueue())), dg.SkipReason)


def test_a_message_that_nobody_can_read_blocks_no_other(tmp_path: Path) -> None:
    intake = _intake(tmp_path, MemoryQueue(["{", PUT]))
    result = _tick(intake, "d")
    assert isinstance(result, dg.SensorResult)
    assert len(result.run_requests or []) == 1
    assert [one.body for one in PoisonBox(FolderBlobs(tmp_path)).poisoned()] == ["{"]


def test_events_of_a_domain_too_many_are_dropped_and_fill_no_inbox(tmp_path: Path) -> None:
    queue = MemoryQueue([PUT, OTHER])
    intake = _intake(tmp_path, queue)
    result = _tick(intake, "e", most=1)
    assert isinstance(result, dg.SensorResult)
    assert [one.partition_key for one in result.run_requests or []] == ["e"]
    assert (queue.bodies, intake.inbox.partitions()) == ({}, ["e"])


def test_a_tick_lets_in_as_many_domains_as_there_may_be(tmp_path: Path) -> None:
    result = _tick(_intake(tmp_path, MemoryQueue([PUT, OTHER])), most=1)
    assert isinstance(result, dg.SensorResult)
    (added,) = result.dynamic_partitions_requests or []
    assert list(added.partition_keys) == ["d"]


def test_a_domain_is_let_in_that_is_indexed_or_has_events_already(tmp_path: Path) -> None:
    intake = _intake(tmp_path, MemoryQueue())
    none = pl.DataFrame(schema=TABLES["raw_files"])
    intake.tables.write(none, lineage("raw_files", none, "old"))
    intake.inbox.put({"kept": [Event("a", "", "put", datetime.now(UTC))]})
    with dg.DagsterInstance.ephemeral() as instance:
        door = Door(instance, intake, most=1)
        assert list(door.admit(["fresh", "kept", "old"])) == ["kept", "old"]
    assert "'fresh': there are 2 and MMRAG_MAX_DOMAINS=1 allows no new one" in door.refusal


def test_a_queue_that_cannot_be_read_fails_the_tick(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="access denied"):
        _tick(_intake(tmp_path, Unreadable()))


def test_events_kept_before_are_asked_for_although_the_queue_cannot_be_read(
    tmp_path: Path,
) -> None:
    _tick(_intake(tmp_path, MemoryQueue([PUT])), "d")
    result = _tick(_intake(tmp_path, Unreadable()), "d")
    assert isinstance(result, dg.SensorResult)
    assert len(result.run_requests or []) == 1


def test_a_domain_with_a_run_in_flight_is_left_alone(tmp_path: Path) -> None:
    intake = _intake(tmp_path, MemoryQueue([PUT]))
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"dagster/partition": "d"}
        run = dg.DagsterRun("index", status=dg.DagsterRunStatus.STARTED, tags=tags)
        instance.add_run(run)
        with dg.build_sensor_context(instance, resources={"intake": intake}) as context:
            result = event_sensor(Settings())(context)
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests == []


def test_what_waits_for_a_domain_that_was_split_since_is_asked_for_by_its_shards(
    tmp_path: Path,
) -> None:
    intake = _intake(tmp_path, MemoryQueue())
    intake.inbox.put({"d": [Event(str(n), "01", "Put", NOW) for n in range(9)]})
    result = _tick(_split(intake, 2), "d")
    assert isinstance(result, dg.SensorResult)
    asked = [request.partition_key for request in result.run_requests or []]
    assert asked == intake.inbox.partitions() == ["d~0-2", "d~1-2"]


def test_an_entry_that_cannot_be_read_is_not_forgotten_by_a_split(tmp_path: Path) -> None:
    intake = _intake(tmp_path, MemoryQueue())
    intake.inbox.put({"d": [Event("a", "01", "Put", NOW)]})
    (entry,) = (tmp_path / "inbox" / "d").iterdir()
    entry.write_text("{")
    assert isinstance(_tick(_split(intake, 2), "d"), dg.SkipReason)
    assert intake.inbox.partitions() == ["d"]


def test_the_shards_of_a_domain_count_as_one(tmp_path: Path) -> None:
    queue = MemoryQueue([PUT, OTHER])
    result = _tick(_split(_intake(tmp_path, queue), 2), "d~0-2", "d~1-2", most=2)
    assert isinstance(result, dg.SensorResult)
    assert sorted({str(one.partition_key)[0] for one in result.run_requests or []}) == ["d", "e"]


def _split(intake: Intake, shards: int) -> Intake:
    return replace(intake, sinks=replace(intake.sinks, shards={"d": shards}))
