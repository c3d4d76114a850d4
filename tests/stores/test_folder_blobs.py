"""State in a folder: the contract, what is no blob, and a folder that cannot be had."""

import os
from pathlib import Path

import pytest

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from tests.stores.blobs_contract import BlobsContract, put


class TestFolderBlobs(BlobsContract):
    """The contract."""

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        """Give a folder that is not there yet."""
        return FolderBlobs(tmp_path / "state")


def test_an_opened_blob_stays_whole_when_it_is_replaced_and_deleted(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put(blobs, "a/x", b"first")
    with blobs.open("a/x") as file:
        put(blobs, "a/x", b"other")
        blobs.delete(["a/x"])
        assert file.read() == b"first"


def test_a_file_being_written_has_no_name(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.write("a/x", lambda file: assert_names(blobs, []))
    assert_names(blobs, ["a/x"])


def assert_names(blobs: Blobs, names: list[str]) -> None:
    assert blobs.names("a") == names


def test_a_foreign_name_of_bare_bytes_does_not_stop_a_listing(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    put(blobs, "a/x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a/\xff")).write_bytes(b"y")
    (name,) = set(blobs.names("a")) - {"a/x"}
    with blobs.open(name) as file:
        assert file.read() == b"y"


def test_a_folder_that_is_no_folder_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    blobs = FolderBlobs(tmp_path / "state")
    attempts = (
        lambda: blobs.names("a"),
        lambda: blobs.open("a/x"),
        lambda: put(blobs, "a/x"),
        lambda: blobs.delete(["a/x"]),
    )
    for attempt in attempts:
        with pytest.raises(StateUnavailableError, match=r"state.*nothing was changed"):
            attempt()
