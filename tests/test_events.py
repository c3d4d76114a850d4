"""Which notice of a key counts does not depend on the order they came in."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.events import latest
from mmrag_pipeline.records import Event

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = st.builds(
    Event,
    key=st.sampled_from("abc"),
    sequencer=st.sampled_from(["", "", "0", "1", "10", "a", "A", "A0", "A01", "0A"]),
    kind=st.sampled_from(["ObjectCreated:Put", "ObjectRemoved:Delete"]),
    happened_at=st.integers(0, 3).map(lambda n: EPOCH + timedelta(seconds=n)),
)


def event(key: str, sequencer: str = "", *, at: int = 0, kind: str = "put") -> Event:
    """Return an event some seconds after the epoch."""
    return Event(key, sequencer, kind, EPOCH + timedelta(seconds=at))


def padded(one: str, other: str) -> tuple[str, str]:
    """Return two sequencers, the shorter one with zeros at its end."""
    size = max(len(one), len(other))
    return one.upper().ljust(size, "0"), other.upper().ljust(size, "0")


def test_the_larger_sequencer_is_the_later_event_whatever_the_times_say() -> None:
    early, late = event("a", "0055AE", at=9), event("a", "0055AF", at=1)
    assert latest([late, early]) == (late,)


def test_a_shorter_sequencer_is_compared_as_if_zeros_followed() -> None:
    short, long = event("a", "0055B"), event("a", "0055AED6")
    assert latest([short, long]) == (short,)


def test_letters_of_a_sequencer_count_alike_in_both_cases() -> None:
    early, late = event("a", "0a"), event("a", "0B")
    assert latest([late, early]) == (late,)


def test_without_sequencers_the_later_time_counts() -> None:
    early, late = event("a", at=1), event("a", at=2)
    assert latest([late, early]) == latest([early, late]) == (late,)


def test_sequencers_that_differ_in_zeros_at_the_end_leave_it_to_the_time() -> None:
    early, late = event("a", "A00", at=1), event("a", "A", at=2)
    assert latest([late, early]) == latest([early, late]) == (late,)


def test_there_is_one_event_for_each_key_sorted_by_key() -> None:
    assert [e.key for e in latest([event("b"), event("a"), event("b", at=1)])] == ["a", "b"]


@given(EVENTS, EVENTS)
def test_of_two_sequencers_the_one_that_is_larger_with_zeros_wins(one: Event, other: Event) -> None:
    pair = [Event("a", e.sequencer, e.kind, e.happened_at) for e in (one, other)]
    mine, yours = padded(one.sequencer, other.sequencer)
    if one.sequencer and other.sequencer and mine != yours:
        assert latest(pair) == (pair[0] if mine > yours else pair[1],)


@given(st.lists(EVENTS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(events: list[Event], chance: random.Random) -> None:
    shuffled = chance.sample(events, len(events))
    assert latest(shuffled) == latest(events)


@given(st.lists(EVENTS, max_size=12), st.integers(0, 12))
def test_events_can_be_collapsed_in_parts(events: list[Event], cut: int) -> None:
    parts = (*latest(events[:cut]), *latest(events[cut:]))
    assert latest(parts) == latest(events)
