"""The queue is read within its time, emptied only on purpose, and its troubles are told."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from mmrag_pipeline.errors import QueueError
from mmrag_pipeline.stores.absorb import Absorbed, Sinks, absorb
from mmrag_pipeline.stores.aws import AwsAccess, s3_client, sqs_client
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.poison import Poison
from mmrag_pipeline.stores.sqs import SqsQueue
from mmrag_pipeline.testing.inbox import MemoryInbox

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HOSTILE = ["a b+c.png", "100%25.png", "../x", "é\u0301.png", "x" * 1_010]
"""Keys that the tests' server takes."""


@pytest.fixture
def client(aws: AwsAccess) -> "SQSClient":
    """Give a client of the server."""
    return sqs_client(aws)


@pytest.fixture
def url(client: "SQSClient") -> Iterator[str]:
    """Give the address of an empty queue."""
    name = f"mmrag-{uuid.uuid4().hex}"
    address = client.create_queue(QueueName=name)["QueueUrl"]
    yield address
    client.delete_queue(QueueUrl=address)


def send(client: "SQSClient", url: str, bodies: Sequence[str]) -> None:
    """Put messages into a queue."""
    for start in range(0, len(bodies), 10):
        batch = bodies[start : start + 10]
        entries = [{"Id": str(n), "MessageBody": text} for n, text in enumerate(batch)]
        client.send_message_batch(QueueUrl=url, Entries=cast(Any, entries))


def test_every_message_is_received_and_gone_when_acknowledged(
    client: "SQSClient", url: str
) -> None:
    send(client, url, [str(number) for number in range(97)])
    queue = SqsQueue(lambda: client, url)
    found = queue.receive(budget_s=20, most=1_000)
    assert {int(m.body) for m in found} == set(range(97))
    assert queue.acknowledge([m.receipt for m in found]) == 0
    assert queue.receive(budget_s=1, most=1_000) == []


def test_no_more_messages_than_asked_for_are_received(client: "SQSClient", url: str) -> None:
    send(client, url, ["x"] * 60)
    queue = SqsQueue(lambda: client, url)
    assert [len(queue.receive(budget_s=20, most=most)) for most in (3, 10, 27)] == [3, 10, 27]


def test_a_message_that_is_not_acknowledged_comes_again(client: "SQSClient", url: str) -> None:
    send(client, url, ["x"])
    queue = SqsQueue(lambda: client, url, visibility_s=1)
    first = queue.receive(budget_s=20, most=10)
    time.sleep(1.1)
    again = queue.receive(budget_s=20, most=10)
    assert [m.message_id for m in again] == [m.message_id for m in first]


def test_a_queue_that_is_not_there_is_told(client: "SQSClient", url: str) -> None:
    queue = SqsQueue(lambda: client, f"{url}-not")
    with pytest.raises(QueueError, match="there is no such queue; check MMRAG_QUEUE_URL"):
        queue.receive(budget_s=20, most=10)
    with pytest.raises(QueueError, match="could not be emptied"):
        queue.acknowledge(["receipt"])


@dataclass(slots=True)
class StubClient:
    """Answers requests by functions that get the number of the request, counted from 1."""

    receive: Callable[[int], Any] = lambda number: {}
    delete: Callable[[int], Any] = lambda number: {}
    asked: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive_message(self, **request: Any) -> Any:
        """Answer."""
        return self.receive(self._note(request))

    def delete_message_batch(self, **request: Any) -> Any:
        """Answer."""
        return self.delete(self._note(request))

    def queue(self) -> SqsQueue:
        """Return a queue that asks this client."""
        return SqsQueue(lambda: cast("SQSClient", self), "https://sqs/1/q")

    def _note(self, request: dict[str, Any]) -> int:
        with self.lock:
            self.asked.append(request)
            return len(self.asked)


def refused(code: str, operation: str) -> ClientError:
    """Return what botocore raises for an answer of 403; its message holds a key's id."""
    error = {"Code": code, "Message": "User AKIASECRET is not allowed"}
    status = {"HTTPStatusCode": 403}
    return ClientError(cast(Any, {"Error": error, "ResponseMetadata": status}), operation)


def full(number: int) -> Any:
    """Answer with ten messages."""
    rows = [{"Body": "x", "ReceiptHandle": f"{number}-{n}"} for n in range(10)]
    return {"Messages": rows}


def test_a_denied_queue_is_told_without_what_the_server_says() -> None:
    def deny(number: int) -> Any:
        raise refused("AccessDenied", "ReceiveMessage")

    with pytest.raises(QueueError, match="sqs:ReceiveMessage") as caught:
        StubClient(deny).queue().receive(budget_s=5, most=10)
    assert "AKIA" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    stop = threading.Event()
    start = time.monotonic()
    with pytest.raises(QueueError, match=r"no answer came within 0\.2 s"):
        StubClient(lambda number: stop.wait(9)).queue().receive(budget_s=0.2, most=10)
    assert time.monotonic() - start < 2
    stop.set()


def test_what_came_before_an_answer_that_does_not_come_is_kept() -> None:
    stop = threading.Event()
    stub = StubClient(lambda number: full(number) if number < 3 else stop.wait(9) and {})
    assert len(stub.queue().receive(budget_s=0.5, most=1_000)) == 20
    stop.set()


def test_what_came_before_a_trouble_is_kept() -> None:
    def deny_later(number: int) -> Any:
        if number > 4:
            raise refused("AccessDenied", "ReceiveMessage")
        return full(number)

    assert len(StubClient(deny_later).queue().receive(budget_s=5, most=1_000)) == 40


def test_an_endless_queue_ends_with_the_time() -> None:
    def slow(number: int) -> Any:
        time.sleep(0.05)
        return full(number)

    start = time.monotonic()
    assert StubClient(slow).queue().receive(budget_s=0.3, most=10**9)
    assert time.monotonic() - start < 2


def test_an_empty_queue_costs_one_request() -> None:
    stub = StubClient()
    assert stub.queue().receive(budget_s=20, most=1_000) == []
    assert [request["WaitTimeSeconds"] for request in stub.asked] == [4]


def test_a_receipt_that_fails_is_tried_once_more_and_then_left() -> None:
    stub = StubClient(delete=lambda number: {"Failed": [{"Id": "0"}, {"Id": "x"}]})
    assert stub.queue().acknowledge(["a", "b", "c"]) == 1
    assert [len(request["Entries"]) for request in stub.asked] == [3, 1]


def test_removals_that_are_refused_are_told() -> None:
    def deny(number: int) -> Any:
        raise refused("AccessDenied", "DeleteMessageBatch")

    with pytest.raises(QueueError, match="sqs:DeleteMessage"):
        StubClient(delete=deny).queue().acknowledge([str(n) for n in range(25)])


def test_a_removal_that_fails_in_passing_is_made_up_for() -> None:
    def fail_once(number: int) -> Any:
        if number == 1:
            raise refused("ServiceUnavailable", "DeleteMessageBatch")
        return {}

    assert StubClient(delete=fail_once).queue().acknowledge([str(n) for n in range(25)]) == 0


def where(bucket: str, key: str) -> tuple[Located, ...]:
    """Return the domains under the prefix `raw/`."""
    return locate({}, [S3Place(bucket, "raw/")], bucket=bucket, key=key)


class PoisonCount:
    """A poison store that only counts."""

    count = 0

    def put(self, messages: Sequence[Poison]) -> None:
        """Count messages."""
        self.count += len(messages)


def test_what_a_bucket_tells_its_queue_reaches_the_inbox(
    aws: AwsAccess, client: "SQSClient", url: str, bucket: str
) -> None:
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    kinds = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    events = [{"QueueArn": arn["Attributes"]["QueueArn"], "Events": kinds}]
    s3 = s3_client(aws)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=cast(Any, {"QueueConfigurations": events})
    )
    for key in HOSTILE:
        s3.put_object(Bucket=bucket, Key=f"raw/shop/{key}", Body=b"x")
    s3.delete_object(Bucket=bucket, Key=f"raw/shop/{HOSTILE[0]}")
    inbox = MemoryInbox()
    done = absorb(
        SqsQueue(lambda: client, url), Sinks(inbox, PoisonCount(), where), budget_s=20, most=100
    )
    assert done == Absorbed(7, {"shop": 6}, ignored=1)
    assert [e.key for e in inbox.pending("shop").events] == sorted(HOSTILE)
