"""The inbox loses no event, whatever is damaged, vanishes or dies."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.ports import Inbox
from mmrag_pipeline.records import Event
from mmrag_pipeline.stores.aws import AwsAccess, s3_client
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_blobs import S3Blobs
from mmrag_pipeline.testing.frail import Fuse, Killed
from mmrag_pipeline.testing.inbox import MemoryInbox
from tests.stores.frail_blobs import FrailBlobs
from tests.stores.inbox_contract import InboxContract, event


class TestMemoryInbox(InboxContract):
    """The fake."""

    @pytest.fixture
    def inbox(self) -> Inbox:
        """Give an empty inbox."""
        return MemoryInbox()


class TestInboxInAFolder(InboxContract):
    """Blobs in a folder."""

    @pytest.fixture
    def inbox(self, tmp_path: Path) -> Inbox:
        """Give an empty inbox."""
        return BlobInbox(FolderBlobs(tmp_path))


class TestInboxInABucket(InboxContract):
    """Blobs in a bucket."""

    @pytest.fixture
    def inbox(self, aws: AwsAccess, bucket: str) -> Inbox:
        """Give an empty inbox."""
        place = S3Place(bucket, "state/")
        return BlobInbox(S3Blobs(lambda: s3_client(aws), place))


class TestInboxThatMergesAtOnce(InboxContract):
    """Blobs that are merged at every put."""

    @pytest.fixture
    def inbox(self, tmp_path: Path) -> Inbox:
        """Give an empty inbox."""
        return BlobInbox(FolderBlobs(tmp_path), merge_above=1)


def put_many(blobs: Blobs, count: int, *, merge_above: int) -> BlobInbox:
    """Return an inbox into which events were put one by one."""
    inbox = BlobInbox(blobs, merge_above=merge_above)
    for number in range(count):
        inbox.put({"shop": [event(f"{number:03d}")]})
    return inbox


def damage(folder: Path, text: str) -> None:
    """Give the first entry of the partition `shop` another content."""
    min((folder / "inbox" / "shop").iterdir()).write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        '{"revision":2,"events":[]}',
        '{"revision":1,"events":[["a","","put"]]}',
        '{"revision":1,"events":[["","","put","2026-01-01T00:00:00+00:00"]]}',
        '{"revision":1,"events":[["\\ud800","","put","2026-01-01T00:00:00+00:00"]]}',
        '{"revision":1,"events":[["a","","put","2026-01-01T00:00:00"]]}',
        '{"revision":1,"events":[["a","","put","soon"]]}',
    ],
)
def test_a_damaged_entry_is_told_and_hides_no_other(tmp_path: Path, text: str) -> None:
    inbox = put_many(FolderBlobs(tmp_path), 2, merge_above=9)
    damage(tmp_path, text)
    pending = inbox.pending("shop")
    assert pending.damaged
    assert pending.events == (event("001"),)
    assert len(pending.tokens) == 2


def test_a_damaged_entry_can_be_forgotten(tmp_path: Path) -> None:
    inbox = put_many(FolderBlobs(tmp_path), 1, merge_above=9)
    damage(tmp_path, "{")
    inbox.forget("shop", inbox.pending("shop").tokens)
    assert inbox.partitions() == []


def test_merging_leaves_a_damaged_entry_to_be_told_of(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put_many(blobs, 2, merge_above=9)
    damage(tmp_path, "{")
    pending = put_many(blobs, 3, merge_above=1).pending("shop")
    assert pending.damaged
    assert [e.key for e in pending.events] == ["000", "001", "002"]


def test_many_entries_are_merged_into_few(tmp_path: Path) -> None:
    pending = put_many(FolderBlobs(tmp_path), 50, merge_above=8).pending("shop")
    assert len(pending.tokens) <= 9
    assert [e.key for e in pending.events] == [f"{n:03d}" for n in range(50)]


def test_what_is_no_entry_is_left_alone(tmp_path: Path) -> None:
    inbox = put_many(FolderBlobs(tmp_path), 1, merge_above=9)
    (tmp_path / "inbox" / "shop" / "notes.txt").write_text("mine")
    (tmp_path / "inbox" / "notes.txt").write_text("mine")
    assert inbox.partitions() == ["shop"]
    assert len(inbox.pending("shop").tokens) == 1


@pytest.mark.parametrize("name", ["inbox/shop/../office/events-1.json", "inbox/shop/x", "shop"])
def test_only_entries_can_be_forgotten(tmp_path: Path, name: str) -> None:
    inbox = put_many(FolderBlobs(tmp_path), 1, merge_above=9)
    with pytest.raises(Exception, match="is no entry of the inbox"):
        inbox.forget("shop", [name])
    assert inbox.partitions() == ["shop"]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
def test_a_death_at_any_write_or_delete_loses_no_event_that_was_put(
    tmp_path: Path, at: int, late: bool
) -> None:
    blobs = FolderBlobs(tmp_path)
    inbox = BlobInbox(FrailBlobs(blobs, Fuse(at, late=late)), merge_above=2)
    done: list[Event] = []
    with suppress(Killed):
        for number in range(20):
            inbox.put({"shop": [event(f"{number:03d}")]})
            done.append(event(f"{number:03d}"))
    assert len(done) < 20
    assert set(done) <= set(BlobInbox(blobs).pending("shop").events)


def test_an_entry_that_vanishes_while_it_is_read_is_no_trouble(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put_many(blobs, 3, merge_above=9)
    first = blobs.names("inbox")[0]
    inbox = BlobInbox(FrailBlobs(blobs, Fuse(0), before_open=lambda: blobs.delete([first])))
    assert [e.key for e in inbox.pending("shop").events] == ["001", "002"]


def refuse() -> None:
    """Fail as a store does that cannot be reached."""
    raise StateUnavailableError("no way")


@pytest.mark.parametrize("look", [lambda i: i.pending("shop"), lambda i: i.partitions()])
def test_an_inbox_that_cannot_be_read_is_not_empty(
    tmp_path: Path, look: Callable[[BlobInbox], object]
) -> None:
    blobs = FolderBlobs(tmp_path)
    put_many(blobs, 1, merge_above=9)
    with pytest.raises(StateUnavailableError):
        look(BlobInbox(FrailBlobs(blobs, Fuse(0), before_list=refuse)))


def test_an_entry_that_cannot_be_reached_is_not_damaged(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put_many(blobs, 1, merge_above=9)
    with pytest.raises(StateUnavailableError):
        BlobInbox(FrailBlobs(blobs, Fuse(0), before_open=refuse)).pending("shop")


def test_a_put_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    inbox = BlobInbox(FrailBlobs(FolderBlobs(tmp_path), Fuse(1, refuse)))
    with pytest.raises(StateUnavailableError):
        inbox.put({"shop": [event("a")]})


def test_a_merge_that_fails_does_not_fail_the_put(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put_many(blobs, 2, merge_above=9)
    inbox = BlobInbox(FrailBlobs(blobs, Fuse(2, refuse)), merge_above=1)
    inbox.put({"shop": [event("z")]})
    assert [e.key for e in inbox.pending("shop").events] == ["000", "001", "z"]
