"""The queue of notifications: received in waves, acknowledged only when it is safe."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mmrag_pipeline.errors import QueueError
from mmrag_pipeline.stores.aws_errors import aws_errors, cause_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""Messages of one request; SQS allows no more."""
_REQUESTS = 8
"""Requests at the same time."""
_LISTEN_S = 4
"""How long the first request waits for a message: Dagster looks every 5 s at most, and what comes
while a look lasts need not wait for the next. A request that waits also asks all of the queue's
servers, one that does not only some of them: a few messages would often go unseen."""
_ACKNOWLEDGE_S = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message; it comes again unless its receipt is acknowledged."""

    body: str
    receipt: str
    message_id: str = ""


class Queue(Protocol):
    """Messages that come again until they are acknowledged."""

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Return up to `most` messages within `budget_s`; raises QueueError."""
        ...

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Remove messages; return how many stay. Raises QueueError when all do, for trouble."""
        ...


class SqsQueue:
    """A queue of Amazon SQS, or of what speaks like it (Queue)."""

    def __init__(
        self, connect: Callable[[], "SQSClient"], url: str, *, visibility_s: int = 30
    ) -> None:
        """Name the queue; `visibility_s` is when a message comes again that was not absorbed."""
        self._connect = connect
        self._url = url
        self._visibility_s = visibility_s

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Return up to `most` messages within `budget_s`; raises QueueError, SettingsError.

        The first request tells whether there is more. What is late is not waited for: its
        messages come again, and trouble after the first messages leaves it at these.
        """
        end = time.monotonic() + budget_s
        client = self._connect()
        pool = ThreadPoolExecutor(_REQUESTS)
        try:
            wait_s = _LISTEN_S if budget_s > 2 * _LISTEN_S else 0
            first = pool.submit(self._ask, client, size=min(BATCH, most), wait_s=wait_s)
            found = self._answer(first, end, budget_s)
            full = len(found) == BATCH
            while full and len(found) < most and time.monotonic() < end:
                sizes = _sizes(most - len(found))
                wave = [pool.submit(self._ask, client, size=n, wait_s=0) for n in sizes]
                more, full = _arrived(wave, end)
                found += more
            return found
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Remove messages; what fails is tried once more. Return how many come again.

        Raises QueueError when nothing could be removed.
        """
        left, trouble = self._remove(receipts)
        if left:
            left, trouble = self._remove(left)
        if trouble and len(left) == len(receipts):
            raise trouble
        return len(left)

    def _ask(self, client: "SQSClient", *, size: int, wait_s: int) -> list[Received]:
        try:
            answer = client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=size,
                VisibilityTimeout=self._visibility_s,
                WaitTimeSeconds=wait_s,
            )
        except aws_errors() as error:
            raise self._trouble("read", cause_of(error).text) from None
        return [
            Received(m.get("Body", ""), m["ReceiptHandle"], m.get("MessageId", ""))
            for m in answer.get("Messages", [])
        ]

    def _answer(
        self, request: Future[list[Received]], end: float, budget_s: float
    ) -> list[Received]:
        """Return the answer of the first request, which has to come."""
        try:
            return request.result(max(0.0, end - time.monotonic()))
        except TimeoutError:
            raise self._trouble("read", f"no answer came within {budget_s:g} s") from None

    def _remove(self, receipts: Sequence[str]) -> tuple[list[str], QueueError | None]:
        """Return the receipts that could not be removed, and a trouble that was met."""
        client = self._connect()
        batches = [receipts[n : n + BATCH] for n in range(0, len(receipts), BATCH)]
        pool = ThreadPoolExecutor(_REQUESTS)
        try:
            asked = {pool.submit(self._drop, client, batch): batch for batch in batches}
            _, late = wait(asked, timeout=_ACKNOWLEDGE_S)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        trouble = self._trouble("emptied", "no answer came in time") if late else None
        left: list[str] = []
        for request, batch in asked.items():
            try:
                left += batch if request in late else request.result()
            except QueueError as error:
                left, trouble = [*left, *batch], error
        return left, trouble

    def _drop(self, client: "SQSClient", receipts: Sequence[str]) -> list[str]:
        """Return those of up to BATCH receipts that could not be removed."""
        try:
            answer = client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": r} for n, r in enumerate(receipts)],
            )
        except aws_errors() as error:
            raise self._trouble("emptied", cause_of(error).text) from None
        failed = {entry["Id"] for entry in answer.get("Failed", [])}
        return [receipt for n, receipt in enumerate(receipts) if str(n) in failed]

    def _trouble(self, what: str, why: str) -> QueueError:
        return QueueError(
            f"the queue {self._url!r:.300} could not be {what}: {why}. Its messages are kept and "
            "come again"
        )


def _sizes(most: int) -> list[int]:
    """Return how many messages each request of a wave asks for."""
    full, rest = divmod(min(most, BATCH * _REQUESTS), BATCH)
    return [BATCH] * full + [rest] * bool(rest)


def _arrived(wave: Sequence[Future[list[Received]]], end: float) -> tuple[list[Received], bool]:
    """Return what a wave of requests brought in time, and whether another may bring more."""
    done, late = wait(wave, timeout=max(0.0, end - time.monotonic()))
    found: list[Received] = []
    fine = not late
    for request in done:
        try:
            found += request.result()
        except QueueError:
            fine = False
    return found, fine and bool(found)
