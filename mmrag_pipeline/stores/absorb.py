"""From the queue to the inbox: a message goes only when what it says is kept."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from mmrag_pipeline.errors import MmragError, ParseError, SettingsError
from mmrag_pipeline.events import by_partition
from mmrag_pipeline.ports import Inbox
from mmrag_pipeline.records import Event
from mmrag_pipeline.stores.locate import Located
from mmrag_pipeline.stores.notifications import Notice, read_message
from mmrag_pipeline.stores.poison import Poison
from mmrag_pipeline.stores.sqs import BATCH, Queue, Received

ROUND = 1_000
"""Messages that are received, kept and acknowledged together."""
Admit = Callable[[Collection[str]], Collection[str]]
"""Domains with events -> those whose events are kept."""
Locate = Callable[[str, str], Sequence[Located]]
"""Bucket and key -> the domains that show the object; raises SettingsError."""


class PoisonStore(Protocol):
    """Where messages go that nobody can read."""

    def put(self, messages: Sequence[Poison]) -> None:
        """Keep messages, durably, before it returns."""
        ...


def _everyone(domains: Collection[str]) -> Collection[str]:
    return domains


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where notices go: by `locate` and `shards` into the inbox, what cannot be read into poison.

    Events of domains that `admit` leaves out are dropped: a full listing finds what they tell.
    """

    inbox: Inbox
    poison: PoisonStore
    locate: Locate
    admit: Admit = _everyone
    shards: Mapping[str, int] = field(default_factory=dict)
    """Domain -> into how many partitions its files go."""


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What became of the messages of one look at the queue."""

    received: int = 0
    """Messages."""
    events: Mapping[str, int] = field(default_factory=dict)
    """Partition -> events put into its inbox."""
    ignored: int = 0
    """Messages without an event that changes content."""
    foreign: int = 0
    """Notices of objects that no domain shows."""
    refused: int = 0
    """Events of domains that are one too many."""
    poisoned: int = 0
    """Messages that were set aside, whole or because of some of their records."""
    returning: int = 0
    """Messages that could not be acknowledged and come again."""


@dataclass(slots=True)
class _Sorted:
    """What a round of messages says."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)
    ignored: int = 0
    foreign: int = 0


def absorb(queue: Queue, sinks: Sinks, *, budget_s: float, most: int) -> Absorbed:
    """Move messages of the queue into the inbox, in rounds, for `budget_s` or `most` messages.

    Each round is kept durably before its messages are acknowledged: whatever dies, every
    notice is in the inbox at least once. Raises QueueError, StateUnavailableError,
    SettingsError; rounds before are safe then, and this one's messages come again.
    """
    end = time.monotonic() + budget_s
    total = Absorbed()
    while total.received < most and (left_s := end - time.monotonic()) > 0:
        size = min(ROUND, most - total.received)
        messages = queue.receive(budget_s=left_s, most=size)
        total = _sum(total, _round(queue, sinks, messages))
        if len(messages) < min(BATCH, size):
            break  # the queue holds no more, or it comes with the next look
    return total


def _round(queue: Queue, sinks: Sinks, messages: Sequence[Received]) -> Absorbed:
    """Keep what messages say, then acknowledge them."""
    said = _sorted(messages, sinks.locate)
    admitted = {*sinks.admit(said.events.keys())} if said.events else set()
    kept: dict[str, list[Event]] = {}
    for name in admitted.intersection(said.events):
        kept |= by_partition(name, said.events[name], sinks.shards)
    if kept:
        sinks.inbox.put(kept)
    if said.poison:
        sinks.poison.put(said.poison)
    returning = queue.acknowledge([m.receipt for m in messages]) if messages else 0
    counts = {partition: len(events) for partition, events in kept.items()}
    return Absorbed(
        received=len(messages),
        events=counts,
        ignored=said.ignored,
        foreign=said.foreign,
        refused=sum(map(len, said.events.values())) - sum(counts.values()),
        poisoned=len(said.poison),
        returning=returning,
    )


def _sorted(messages: Iterable[Received], locate: Locate) -> _Sorted:
    said = _Sorted()
    for received in messages:
        try:
            message = read_message(received.body)
        except ParseError as error:
            said.poison.append(_poison(received, [error]))
            continue
        troubles: list[MmragError | str] = list(message.bad)
        for notice in message.notices:
            try:
                _place(said, notice, locate)
            except SettingsError as error:
                troubles.append(error)
        if troubles:
            said.poison.append(_poison(received, troubles))
        said.ignored += bool(message.ignored)
    return said


def _place(said: _Sorted, notice: Notice, locate: Locate) -> None:
    """Add the events of a notice; raises SettingsError."""
    found = locate(notice.bucket, notice.key)
    said.foreign += not found
    for domain, key in found:
        event = Event(key, notice.sequencer, notice.kind, notice.happened_at)
        said.events.setdefault(domain, []).append(event)


def _poison(received: Received, troubles: Iterable[MmragError | str]) -> Poison:
    cause = "; ".join(map(str, troubles))
    return Poison(received.body, f"{cause:.2000}", received.message_id, datetime.now(UTC))


def _sum(one: Absorbed, other: Absorbed) -> Absorbed:
    partitions = sorted({*one.events, *other.events})
    return Absorbed(
        received=one.received + other.received,
        events={p: one.events.get(p, 0) + other.events.get(p, 0) for p in partitions},
        ignored=one.ignored + other.ignored,
        foreign=one.foreign + other.foreign,
        refused=one.refused + other.refused,
        poisoned=one.poisoned + other.poisoned,
        returning=one.returning + other.returning,
    )
