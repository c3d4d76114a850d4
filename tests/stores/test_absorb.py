"""Whatever dies between the queue and the inbox, every notice is kept and the queue empties."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import QueueError, StateUnavailableError
from mmrag_pipeline.ids import partition_of
from mmrag_pipeline.ports import Inbox
from mmrag_pipeline.records import Event, Pending
from mmrag_pipeline.stores.absorb import Absorbed, Sinks, absorb
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.poison import Poison
from mmrag_pipeline.stores.sqs import Queue, Received
from mmrag_pipeline.testing.frail import Fuse, Killed
from mmrag_pipeline.testing.inbox import MemoryInbox
from mmrag_pipeline.testing.queue import MemoryQueue

ROOT = S3Place("docs", "raw/")
TEST = '{"Event": "s3:TestEvent"}'


def where(bucket: str, key: str) -> tuple[Located, ...]:
    """Return the domains under the root."""
    return locate({}, [ROOT], bucket=bucket, key=key)


def body(*keys: str) -> str:
    """Return a notification about keys of the bucket `docs`."""
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "docs"}, "object": {"key": quote_plus(key)}},
        }
        for key in keys
    ]
    return json.dumps({"Records": records})


@dataclass(slots=True)
class PoisonList:
    """A poison store in memory."""

    messages: list[Poison] = field(default_factory=list)

    def put(self, messages: Sequence[Poison]) -> None:
        """Keep messages."""
        self.messages += messages


@dataclass(frozen=True, slots=True)
class FrailQueue:
    """A queue whose receptions and single removals are commits."""

    inner: MemoryQueue
    fuse: Fuse

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Receive messages: one commit."""
        found: list[Received] = []
        self.fuse.commit(lambda: found.extend(self.inner.receive(budget_s=budget_s, most=most)))
        return found

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Remove messages: one commit each."""
        for receipt in receipts:
            self._drop(receipt)
        return 0

    def _drop(self, receipt: str) -> None:
        def remove() -> None:
            self.inner.acknowledge([receipt])

        self.fuse.commit(remove)


@dataclass(frozen=True, slots=True)
class FrailInbox:
    """An inbox into which each partition's events are put by one commit."""

    inner: Inbox
    fuse: Fuse

    def put(self, events: Mapping[str, Sequence[Event]]) -> None:
        """Put events: one commit for each partition."""
        for partition in events:
            self._put(partition, events[partition])

    def pending(self, partition: str) -> Pending:
        """Return what is pending."""
        return self.inner.pending(partition)

    def forget(self, partition: str, tokens: Sequence[str]) -> None:
        """Forget entries."""
        self.inner.forget(partition, tokens)

    def partitions(self) -> list[str]:
        """Return the partitions that hold entries."""
        return self.inner.partitions()

    def _put(self, partition: str, events: Sequence[Event]) -> None:
        self.fuse.commit(lambda: self.inner.put({partition: events}))


@dataclass(frozen=True, slots=True)
class FrailPoison:
    """A poison store whose puts are commits."""

    inner: PoisonList
    fuse: Fuse

    def put(self, messages: Sequence[Poison]) -> None:
        """Keep messages: one commit."""
        self.fuse.commit(lambda: self.inner.put(messages))


@dataclass(frozen=True, slots=True)
class World:
    """A queue, an inbox and a poison store that outlive a process."""

    queue: MemoryQueue
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    poison: PoisonList = field(default_factory=PoisonList)

    def run(self, fuse: Fuse | None = None, *, most: int = 10_000) -> Absorbed:
        """Absorb what is in sight, in a process that may die."""
        fuse = fuse or Fuse(0)
        sinks = Sinks(FrailInbox(self.inbox, fuse), FrailPoison(self.poison, fuse), where)
        return absorb(FrailQueue(self.queue, fuse), sinks, budget_s=60, most=most)

    def keys(self) -> set[Located]:
        """Return every (partition, key) of the inbox."""
        names = self.inbox.partitions()
        return {(p, event.key) for p in names for event in self.inbox.pending(p).events}


def world(*bodies: str) -> World:
    """Return a world whose queue holds messages."""
    return World(MemoryQueue(bodies))


def test_messages_become_events_of_their_partitions() -> None:
    it = world(body("raw/shop/a b.png", "raw/office/b"), body("raw/shop/c"))
    assert it.run() == Absorbed(2, {"office": 1, "shop": 2})
    assert it.keys() == {("shop", "a b.png"), ("shop", "c"), ("office", "b")}
    assert it.queue.bodies == {}


def test_every_message_is_counted_for_what_it_is() -> None:
    it = world(TEST, "{", body("raw/shop/a", "raw/a__b/c"), body("elsewhere/a", "raw/.x"))
    assert it.run() == Absorbed(4, {"shop": 1}, ignored=1, foreign=2, poisoned=2)
    assert it.queue.bodies == {}


def test_events_of_domains_that_are_not_let_in_are_counted_and_dropped() -> None:
    it = world(body("raw/shop/a", "raw/office/b", "raw/office/c"))
    sinks = Sinks(it.inbox, it.poison, where, admit=lambda _: ["shop"])
    assert absorb(it.queue, sinks, budget_s=60, most=9) == Absorbed(1, {"shop": 1}, refused=2)
    assert (it.keys(), it.queue.bodies) == ({("shop", "a")}, {})


def test_poison_is_kept_with_its_cause_and_blocks_no_other() -> None:
    it = world("{", body("raw/a__b/c"), body("raw/shop/a"))
    it.run()
    assert [(m.body[:1], m.message_id) for m in it.poison.messages] == [
        ("{", "message-0"),
        ("{", "message-1"),
    ]
    assert "no JSON" in it.poison.messages[0].cause
    assert "cannot name a domain" in it.poison.messages[1].cause
    assert it.keys() == {("shop", "a")}


def test_no_more_messages_than_asked_for_are_taken() -> None:
    it = world(*(body(f"raw/shop/{n}") for n in range(50)))
    assert it.run(most=30).received == 30
    assert len(it.queue.bodies) == 20


def test_without_time_nothing_is_taken() -> None:
    it = world(body("raw/shop/a"))
    sinks = Sinks(it.inbox, it.poison, where)
    assert absorb(it.queue, sinks, budget_s=0, most=10) == Absorbed()
    assert it.queue.receipts == []


def test_many_messages_are_taken_in_rounds() -> None:
    it = world(*(body(f"raw/shop/{n}") for n in range(2_500)))
    assert it.run() == Absorbed(2_500, {"shop": 2_500})
    assert len(it.inbox.entries["shop"]) == 3


class UnreadableQueue:
    """A queue that cannot be read."""

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Raise QueueError."""
        raise QueueError("no such queue")

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Raise QueueError."""
        raise QueueError("no such queue")


def test_an_unreadable_queue_is_not_an_empty_one() -> None:
    queue: Queue = UnreadableQueue()
    with pytest.raises(QueueError):
        absorb(queue, Sinks(MemoryInbox(), PoisonList(), where), budget_s=9, most=10)


@pytest.mark.parametrize("at", [2, 3])
def test_what_could_not_be_kept_is_not_acknowledged(at: int) -> None:
    def refuse() -> None:
        raise StateUnavailableError("no way")

    it = world(body("raw/shop/a"), "{")
    with pytest.raises(StateUnavailableError):
        it.run(Fuse(at, refuse))
    assert len(it.queue.bodies) == 2


KEYS = st.tuples(st.sampled_from(["shop", "office"]), st.sampled_from(["a", "b", "c d", "é/%2F"]))
BODIES = st.lists(st.lists(KEYS, max_size=3) | st.sampled_from(["{", TEST]), max_size=6)


@given(BODIES, st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=6))
def test_killed_anywhere_every_notice_is_kept_and_the_queue_is_drained(
    sent: list[list[Located] | str], deaths: list[tuple[int, bool]]
) -> None:
    found = [x for x in sent if isinstance(x, list)]
    it = world(*(x if isinstance(x, str) else body(*(f"raw/{d}/{k}" for d, k in x)) for x in sent))
    for at, late in deaths:
        with suppress(Killed):
            it.run(Fuse(at, late=late))
        it.queue.reappear()
    it.run()
    assert it.queue.bodies == {}
    assert it.keys() == {pair for pairs in found for pair in pairs}
    assert len({m.message_id for m in it.poison.messages}) == sent.count("{")


def test_events_of_a_split_domain_go_to_the_shards_of_their_files() -> None:
    it = world(body(*(f"raw/shop/{n}" for n in range(20)), "raw/office/b"))
    sinks = Sinks(it.inbox, it.poison, where, shards={"shop": 3})
    told = absorb(it.queue, sinks, budget_s=60, most=9)
    homes = {(partition_of("shop", str(n), {"shop": 3}), str(n)) for n in range(20)}
    assert it.keys() == {*homes, ("office", "b")}
    assert (sum(told.events.values()), told.refused) == (21, 0)
