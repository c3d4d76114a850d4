"""What nobody can read is kept for people, bounded, and blocks nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.poison import MAX_BODY_CHARACTERS, Poison, PoisonBox
from mmrag_pipeline.testing.frail import Fuse
from tests.stores.frail_blobs import FrailBlobs

AT = datetime(2026, 1, 1, tzinfo=UTC)


def poison(body: str) -> Poison:
    """Return a message that was set aside."""
    return Poison(body, "it is no JSON", "id-1", AT)


def bodies(box: PoisonBox) -> list[str]:
    """Return the kept bodies."""
    return [message.body for message in box.poisoned()]


def test_what_was_set_aside_is_shown_newest_first(tmp_path: Path) -> None:
    box = PoisonBox(FolderBlobs(tmp_path))
    box.put([poison("a"), poison("b")])
    box.put([poison("c")])
    assert box.poisoned() == [poison("c"), poison("b"), poison("a")]


def test_a_body_is_cut_and_may_hold_anything(tmp_path: Path) -> None:
    box = PoisonBox(FolderBlobs(tmp_path))
    box.put([poison("\0\ud800\n" + "x" * 99_999)])
    assert bodies(box) == ["\0?\n" + "x" * (MAX_BODY_CHARACTERS - 3)]


def test_no_messages_leave_nothing(tmp_path: Path) -> None:
    box = PoisonBox(FolderBlobs(tmp_path))
    box.put([])
    assert bodies(box) == []
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    box = PoisonBox(FolderBlobs(tmp_path), keep=5)
    for number in range(20):
        box.put([poison(f"{number}a"), poison(f"{number}b")])
    assert bodies(box) == ["19b", "19a", "18b", "18a", "17b"]
    assert len(list((tmp_path / "poison").iterdir())) == 3


def test_of_very_many_at_once_the_last_are_kept(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    PoisonBox(blobs, keep=2).put([poison(str(number)) for number in range(9)])
    assert bodies(PoisonBox(blobs)) == ["8", "7"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[["a"]]', '[["a","b","c","soon"]]'])
def test_a_damaged_entry_is_told_among_the_others(tmp_path: Path, text: str) -> None:
    box = PoisonBox(FolderBlobs(tmp_path))
    box.put([poison("a")])
    next((tmp_path / "poison").iterdir()).write_text(text)
    box.put([poison("b")])
    assert [m.body for m in box.poisoned()] == ["b", ""]
    assert "damaged" in box.poisoned()[1].cause


def test_removing_old_ones_may_fail_without_harm(tmp_path: Path) -> None:
    def refuse() -> None:
        raise StateUnavailableError("no way")

    blobs = FolderBlobs(tmp_path)
    PoisonBox(blobs, keep=1).put([poison("a")])
    PoisonBox(FrailBlobs(blobs, Fuse(2, refuse)), keep=1).put([poison("b")])
    assert bodies(PoisonBox(blobs)) == ["b", "a"]
