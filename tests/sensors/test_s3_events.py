"""The event sensor keeps what the queue gives, then asks for runs of what it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.assembly import Intake
from mmrag_pipeline.assets.partitions import DOMAIN
from mmrag_pipeline.errors import QueueError
from mmrag_pipeline.records import Event, Pending
from mmrag_pipeline.sensors.s3_events import EVENTS_ONLY, event_sensor, requests
from mmrag_pipeline.stores.absorb import Sinks
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.poison import PoisonBox
from mmrag_pipeline.stores.sqs import Queue, Received
from mmrag_pipeline.testing.queue import MemoryQueue
from tests.indexing.event_histories import BUCKET, notification

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PUT = notification("ObjectCreated:Put", "a.png", "01")
"""About the object `root/d/a.png`."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A queue that is denied."""

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Raise QueueError."""
        raise QueueError("the queue could not be read: access denied")

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Do nothing."""
        return 0


def pending(*tokens: str) -> Pending:
    """Return one event in these entries."""
    return Pending((Event("a.png", "01", "ObjectCreated:Put", NOON),), tokens)


def _intake(folder: Path, queue: Queue) -> Intake:
    def place_in(bucket: str, key: str) -> tuple[Located, ...]:
        return locate({}, [S3Place(BUCKET, "root/")], bucket=bucket, key=key)

    blobs = FolderBlobs(folder)
    inbox = BlobInbox(blobs)
    return Intake(queue, inbox, Sinks(inbox, PoisonBox(blobs), place_in))


def _tick(intake: Intake, *known: str) -> dg.SensorResult | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DOMAIN, list(known))
        context = dg.build_sensor_context(instance, resources={"intake": intake})
        with context:
            result = event_sensor(2)(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def test_a_domain_with_events_is_asked_for_and_looks_at_their_files_only() -> None:
    (request,) = requests({"shop": pending("t1")}, known={"shop"}).run_requests or []
    assert (request.partition_key, request.run_config) == ("shop", EVENTS_ONLY)


def test_a_domain_that_is_not_known_becomes_a_partition() -> None:
    (added,) = requests({"shop": pending("t1")}, known=set()).dynamic_partitions_requests or []
    assert list(added.partition_keys) == ["shop"]


def test_the_same_entries_are_asked_for_once_and_others_again() -> None:
    def key(*tokens: str) -> str | None:
        return (requests({"shop": pending(*tokens)}, known=set()).run_requests or [])[0].run_key

    assert key("t1", "t2") == key("t2", "t1") != key("t1")


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
            result = event_sensor(2)(context)
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests == []
