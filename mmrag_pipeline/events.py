"""Which of several notices about one key counts, and which partition each is of."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from mmrag_pipeline.ids import partition_of
from mmrag_pipeline.records import Event

Rank = tuple[bool, str, datetime, str, str]


def latest(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the latest event of each key, sorted by key, whatever the order they came in.

    Sequencers are compared as if the shorter one ended in zeros (AWS, "Event message
    structure"). Without them the later time counts, and an event that has one goes before all
    that have none: only so the answer does not depend on how events are grouped. Nothing
    hangs on it but words: the store says what is true of the key.
    """
    found: dict[str, Event] = {}
    for event in events:
        held = found.get(event.key)
        if held is None or _rank(event) > _rank(held):
            found[event.key] = event
    return tuple(found[key] for key in sorted(found))


def by_partition(
    domain: str, events: Iterable[Event], shards: Mapping[str, int]
) -> dict[str, list[Event]]:
    """Return partition -> those of a domain's events that are of its files, in order."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(partition_of(domain, event.key, shards), []).append(event)
    return found


def _rank(event: Event) -> Rank:
    """Return what events of one key are ordered by; equal for those that say the same.

    Without the zeros at their ends, sequencers compare as if the shorter one had them.
    """
    digits = event.sequencer.upper().rstrip("0")
    return bool(event.sequencer), digits, event.happened_at, event.sequencer, event.kind
