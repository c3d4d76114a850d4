"""What every inbox does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import CorruptStateError, SettingsError
from mmrag_pipeline.events import latest
from mmrag_pipeline.ports import Inbox
from mmrag_pipeline.records import Event, Pending

EPOCH = datetime(2026, 1, 1, 3, 4, 5, 678_901, UTC)
HOSTILE = ["../../etc/passwd", "a\nb\0c", "100%25 é\u0301.png", "\U0010ffff" * 256, "'\"\\{}"]
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3)


def event(key: str, number: int = 0) -> Event:
    """Return an event; a larger number is later."""
    return Event(key, f"{number:08X}", "ObjectCreated:Put", EPOCH + timedelta(seconds=number))


class InboxContract:
    """Inherit it and give `inbox`."""

    @pytest.fixture
    def inbox(self) -> Inbox:
        """Give an empty inbox."""
        raise NotImplementedError

    def test_an_empty_inbox_holds_nothing(self, inbox: Inbox) -> None:
        assert inbox.pending("shop") == Pending()
        assert inbox.partitions() == []

    def test_what_was_put_is_pending_in_its_partition_only(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event("b"), event("a")], "office": [event("c")]})
        assert inbox.pending("shop").events == (event("a"), event("b"))
        assert inbox.pending("office").events == (event("c"),)
        assert inbox.partitions() == ["office", "shop"]

    def test_keys_are_kept_as_they_are(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event(key) for key in HOSTILE]})
        assert [e.key for e in inbox.pending("shop").events] == sorted(HOSTILE)

    def test_the_latest_event_of_a_key_counts_whatever_was_put_last(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event("a", 2)]})
        inbox.put({"shop": [event("a", 1)]})
        assert inbox.pending("shop").events == (event("a", 2),)

    def test_an_event_put_twice_is_pending_once(self, inbox: Inbox) -> None:
        for _ in range(2):
            inbox.put({"shop": [event("a")]})
        assert inbox.pending("shop").events == (event("a"),)

    def test_no_events_leave_no_entry(self, inbox: Inbox) -> None:
        inbox.put({})
        inbox.put({"shop": []})
        assert inbox.partitions() == []

    def test_forgotten_entries_are_gone_and_may_be_forgotten_again(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event("a")]})
        tokens = inbox.pending("shop").tokens
        for _ in range(2):
            inbox.forget("shop", tokens)
        assert inbox.pending("shop") == Pending()
        assert inbox.partitions() == []

    def test_what_comes_while_a_run_absorbs_outlives_its_forgetting(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event("a")]})
        read = inbox.pending("shop")
        inbox.put({"shop": [event("a", 1), event("b")]})
        inbox.forget("shop", read.tokens)
        assert inbox.pending("shop").events == (event("a", 1), event("b"))

    def test_an_event_that_comes_again_is_another_entry(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event("a")]})
        first = inbox.pending("shop").tokens
        inbox.forget("shop", first)
        inbox.put({"shop": [event("a")]})
        assert set(inbox.pending("shop").tokens).isdisjoint(first)

    @pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\0b", "a__b"])
    def test_a_name_that_is_no_partition_is_refused(self, inbox: Inbox, name: str) -> None:
        with pytest.raises(SettingsError):
            inbox.put({name: [event("a")]})
        with pytest.raises(SettingsError):
            inbox.pending(name)
        with pytest.raises(SettingsError):
            inbox.forget(name, [])

    def test_tokens_of_another_partition_are_refused(self, inbox: Inbox) -> None:
        inbox.put({"shop": [event("a")], "office": [event("b")]})
        with pytest.raises(CorruptStateError, match="is no entry"):
            inbox.forget("office", inbox.pending("shop").tokens)
        assert inbox.partitions() == ["office", "shop"]

    @settings(
        max_examples=20,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(st.lists(st.lists(st.tuples(KEYS, st.integers(0, 3)), max_size=4), max_size=5))
    def test_pending_is_the_latest_of_all_that_was_put(
        self, inbox: Inbox, puts: list[list[tuple[str, int]]]
    ) -> None:
        inbox.forget("shop", inbox.pending("shop").tokens)
        batches = [[event(*pair) for pair in pairs] for pairs in puts]
        for batch in batches:
            inbox.put({"shop": batch})
        assert inbox.pending("shop").events == latest(e for batch in batches for e in batch)
