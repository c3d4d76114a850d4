"""A run for events looks at what they name, and ends where a full run would."""

from datetime import UTC, datetime, timedelta

import pytest

from mmrag_pipeline.errors import ListingError, ReadError
from mmrag_pipeline.records import Event
from mmrag_pipeline.testing.frail import Fuse
from tests.indexing.life import DOMAIN, Life

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def told(life: Life, *keys: str) -> None:
    """Put an event of each key into the inbox."""
    events = [Event(key, "", "ObjectCreated:Put", NOON) for key in keys]
    life.state.inbox.put({DOMAIN: events})


@pytest.fixture
def life() -> Life:
    """Return an indexed partition of three files in a bucket."""
    made = Life()
    made.source.is_bucket = True
    made.put(a="img:1", b="img:2", c="txt:words")
    made.run()
    return made


def test_only_the_files_of_events_are_looked_at(life: Life) -> None:
    life.put(b="img:3")
    told(life, "b")
    listed, opened = life.source.listed, life.source.opened["a"]
    life.run(events=True)
    assert (life.source.listed - listed, life.source.opened["a"] - opened) == (1, 0)
    assert life.index() == life.rebuild()[0]


def test_a_file_that_events_say_is_gone_leaves_the_index(life: Life) -> None:
    life.source.delete(DOMAIN, "a")
    told(life, "a")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def test_the_store_is_believed_and_not_the_event(life: Life) -> None:
    before = life.index()
    gone = Event("a", "ff", "ObjectRemoved:Delete", NOON)
    life.state.inbox.put({DOMAIN: [gone]})
    life.run(events=True)
    assert life.index() == before


def test_absorbed_events_are_forgotten(life: Life) -> None:
    told(life, "a", "b")
    life.run(events=True)
    assert life.state.inbox.pending(DOMAIN).tokens == ()


def test_a_full_run_absorbs_events_too(life: Life) -> None:
    told(life, "a")
    life.run()
    assert life.state.inbox.pending(DOMAIN).tokens == ()


def test_an_event_that_comes_while_the_files_are_looked_at_stays(life: Life) -> None:
    told(life, "a")
    late = Fuse(1, act=lambda: told(life, "b"))
    life.put(a="img:5")
    life.run_until(late, events=True)
    assert [event.key for event in life.state.inbox.pending(DOMAIN).events] == ["b"]


def test_a_listing_that_fails_forgets_no_event(life: Life) -> None:
    told(life, "a")
    before = life.index()
    life.source.listing_error = ListingError("access denied")
    with pytest.raises(ListingError):
        life.run(events=True)
    assert life.state.inbox.pending(DOMAIN).tokens != ()
    assert life.index() == before


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", [1, 2])
def test_a_run_killed_around_its_commit_loses_no_event(life: Life, at: int, late: bool) -> None:
    life.put(b="img:4")
    told(life, "b")
    assert life.run_until(Fuse(at, late=late), events=True)
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


@pytest.mark.parametrize("transient", [True, False])
def test_the_event_of_a_file_that_cannot_be_read_stays_for_a_day(
    life: Life, transient: bool
) -> None:
    life.put(b="img:4")
    told(life, "b")
    refused = ReadError("denied", reason="unreadable", transient=transient)
    life.source.forbid(DOMAIN, "b", refused)
    waiting = []
    for hour in (1, 23, 25):
        life.now = NOON + timedelta(hours=hour)
        life.run(events=True)
        waiting.append(len(life.state.inbox.pending(DOMAIN).events))
    assert waiting == [1, 1, 0]


def test_a_file_that_could_not_be_read_is_tried_again_by_a_run_for_other_events(
    life: Life,
) -> None:
    life.put(b="img:4")
    life.source.forbid(DOMAIN, "b", ReadError("busy", reason="unreadable", transient=True))
    told(life, "b")
    life.run(events=True)
    life.source.allow(DOMAIN, "b")
    told(life, "a")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def test_a_partition_never_indexed_is_listed_in_full() -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    told(life, "a")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def test_other_settings_list_in_full(life: Life) -> None:
    told(life, "a")
    life.source.put(DOMAIN, "unnoticed", b"img:7")
    life.show_to("staff")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def test_very_many_events_are_answered_by_a_listing(life: Life) -> None:
    told(life, *(f"k{number}" for number in range(1_001)))
    listed = life.source.listed
    life.run(events=True)
    assert life.source.listed - listed == 3


def test_the_last_object_of_a_bucket_prefix_empties_the_index(life: Life) -> None:
    for key in "abc":
        life.source.delete(DOMAIN, key)
    told(life, "a", "b", "c")
    life.run(events=True)
    assert life.index()[0] == {}


def test_a_dead_letter_of_a_file_without_event_stays(life: Life) -> None:
    life.put(d="bad")
    life.run()
    told(life, "a")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def test_what_another_run_writes_meanwhile_stays(life: Life) -> None:
    life.put(a="img:5")
    told(life, "a")
    life.source.while_reading = lambda: _another_run_finds(life, "late")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def _another_run_finds(life: Life, key: str) -> None:
    life.source.while_reading = None
    life.source.put(DOMAIN, key, b"img:9")
    life.run()
