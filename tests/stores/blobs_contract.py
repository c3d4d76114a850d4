"""What every place of our own state does."""

import errno
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import BinaryIO

import pytest

from mmrag_pipeline.errors import SettingsError, StateUnavailableError
from mmrag_pipeline.stores.blobs import Blobs

STRANGE = [
    "a/%2e%2e%2f",
    "a/x y+z&1#@,()",
    "a/caf\u00e9",
    "a/cafe\u0301",
    "a/.hidden",
    "a/....",
    "a/.x.tmp",
    "-/~",
    "a/\U0010ffff\U0001f4a5",
    "a/b\\c",
]
BIG = os.urandom(5 * 2**20)


def put(blobs: Blobs, name: str, data: bytes = b"x") -> None:
    """Write a blob."""

    def fill(file: BinaryIO) -> None:
        file.write(data)

    blobs.write(name, fill)


def whole(blobs: Blobs, name: str) -> bytes:
    """Return a blob, opened again for as long as it is replaced while it is read."""
    while True:
        try:
            with blobs.open(name) as file:
                return file.read()
        except FileNotFoundError as error:
            if "while it was read" not in str(error):
                raise


def swapped(blobs: Blobs, name: str, data: bytes, *, expected: bytes | None) -> bool:
    """Write a blob in the place of one that holds `expected`; return whether it was there."""

    def fill(file: BinaryIO) -> None:
        file.write(data)

    return blobs.swap(name, fill, lambda file: (None if file is None else file.read()) == expected)


class BlobsContract:
    """Inherit it and give `blobs`."""

    @pytest.fixture
    def blobs(self) -> Blobs:
        """Give an empty place."""
        raise NotImplementedError

    def test_an_absent_folder_has_no_names(self, blobs: Blobs) -> None:
        assert blobs.names("a") == []

    def test_an_absent_blob_is_not_found(self, blobs: Blobs) -> None:
        put(blobs, "a/y")
        with pytest.raises(FileNotFoundError):
            blobs.open("a/x")

    @pytest.mark.parametrize("data", [b"", b"x", b"\0" * 65_536, BIG])
    def test_what_is_written_is_read(self, blobs: Blobs, data: bytes) -> None:
        put(blobs, "a/x", data)
        assert whole(blobs, "a/x") == data

    def test_a_blob_is_read_from_anywhere(self, blobs: Blobs) -> None:
        put(blobs, "a/x", BIG)
        with blobs.open("a/x") as file:
            for start, count in ((0, 4), (70_000, 9), (4_000_000, 700_000), (len(BIG) - 8, 20)):
                assert file.seek(start) == start
                assert file.read(count) == BIG[start : start + count]
                assert file.tell() == min(start + count, len(BIG))
            assert file.seek(-3, os.SEEK_END) == len(BIG) - 3
            assert file.read() == BIG[-3:]
            assert file.read() == b""

    def test_names_are_those_under_the_folder_sorted(self, blobs: Blobs) -> None:
        for name in ("a/y", "ab/x", "a/b/c/z", "a/b-c", "b"):
            put(blobs, name)
        assert blobs.names("a") == ["a/b-c", "a/b/c/z", "a/y"]
        assert blobs.names("a/b") == ["a/b/c/z"]

    def test_strange_names_are_kept_apart_and_given_back(self, blobs: Blobs) -> None:
        for name in STRANGE:
            put(blobs, name, name.encode())
        assert blobs.names("a") == sorted(name for name in STRANGE if name.startswith("a/"))
        assert [whole(blobs, name).decode() for name in STRANGE] == STRANGE

    @pytest.mark.parametrize("name", ["", "/x", "../x", "a/../b", "a//b", "a/", "./a", "a\0b"])
    def test_a_name_that_leads_elsewhere_is_refused(self, blobs: Blobs, name: str) -> None:
        attempts = (
            lambda: put(blobs, name),
            lambda: blobs.open(name),
            lambda: blobs.delete([name]),
            lambda: blobs.names(name),
            lambda: swapped(blobs, name, b"x", expected=None),
        )
        for attempt in attempts:
            with pytest.raises(SettingsError, match="cannot name a file of ours"):
                attempt()

    def test_the_second_write_replaces_the_first(self, blobs: Blobs) -> None:
        put(blobs, "a/x", BIG)
        put(blobs, "a/x", b"short")
        assert whole(blobs, "a/x") == b"short"

    def test_a_write_that_fails_leaves_what_was_there(self, blobs: Blobs) -> None:
        put(blobs, "a/x", b"before")

        def fail(file: object) -> None:
            raise ValueError("not today")

        with pytest.raises(ValueError, match="not today"):
            blobs.write("a/x", fail)
        assert blobs.names("a") == ["a/x"]
        assert whole(blobs, "a/x") == b"before"

    @pytest.mark.parametrize("before", [None, b"", b"before", BIG])
    def test_a_blob_is_swapped_for_the_expected_one(
        self, blobs: Blobs, before: bytes | None
    ) -> None:
        if before is not None:
            put(blobs, "a/x", before)
        assert swapped(blobs, "a/x", b"after", expected=before)
        assert blobs.names("a") == ["a/x"]
        assert whole(blobs, "a/x") == b"after"

    @pytest.mark.parametrize("expected", [None, b"", b"another"])
    def test_a_blob_that_is_not_expected_stays(self, blobs: Blobs, expected: bytes | None) -> None:
        put(blobs, "a/x", b"before")
        assert not swapped(blobs, "a/x", b"after", expected=expected)
        assert whole(blobs, "a/x") == b"before"

    def test_a_blob_that_is_gone_is_not_brought_back(self, blobs: Blobs) -> None:
        assert not swapped(blobs, "a/x", b"after", expected=b"before")
        assert blobs.names("a") == []

    @pytest.mark.parametrize("begin", [None, b"0"])
    def test_of_many_who_expect_the_same_blob_one_wins(
        self, blobs: Blobs, begin: bytes | None
    ) -> None:
        if begin is not None:
            put(blobs, "a/x", begin)
        meet = Barrier(4)

        def swap(number: int) -> bool:
            meet.wait()
            return swapped(blobs, "a/x", bytes([number]), expected=begin)

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(swap, range(1, 5))) == 1

    def test_a_disk_that_is_full_is_told(self, blobs: Blobs) -> None:
        def fill(file: BinaryIO) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(StateUnavailableError, match=r"No space left.*nothing was changed"):
            blobs.write("a/x", fill)
        assert blobs.names("a") == []

    def test_deleting_removes_what_is_named_and_heeds_no_absence(self, blobs: Blobs) -> None:
        for name in ("a/x", "a/y", "ax"):
            put(blobs, name)
        blobs.delete(f"a/{n}" for n in [*range(1_100), "x"])
        blobs.delete([])
        assert blobs.names("a") == ["a/y"]
        assert whole(blobs, "ax") == b"x"

    def test_a_reader_sees_one_version_or_is_told(self, blobs: Blobs) -> None:
        versions: Sequence[bytes] = [bytes([n]) * (300_000 + n) for n in (1, 2)]
        put(blobs, "a/x", versions[0])

        def churn() -> None:
            for number in range(30):
                put(blobs, "a/x", versions[number % 2])

        with ThreadPoolExecutor(1) as pool:
            churning = pool.submit(churn)
            while not churning.done():
                assert whole(blobs, "a/x") in versions
                assert blobs.names("a") == ["a/x"]
            churning.result()

    def test_where_a_blob_lies_is_shown(self, blobs: Blobs) -> None:
        assert blobs.shown("a/x").endswith("/a/x")
