"""Files of our own state by name: in a folder, or under a prefix of a bucket."""

import os
from collections.abc import Callable, Iterable
from typing import BinaryIO, Protocol, TypeVar

from mmrag_pipeline.errors import SettingsError, StateUnavailableError
from mmrag_pipeline.overtaken import steady

Fill = Callable[[BinaryIO], None]
"""Writes a whole blob into an open file."""
IsExpected = Callable[[BinaryIO | None], bool]
"""Says whether a blob, open or None when there is none, is the one that is expected."""
MAX_NAME_BYTES = 1_024
T = TypeVar("T")


class Blobs(Protocol):
    """Blobs by relative name (`tables/pages/shop.parquet`); a name is replaced as a whole.

    Names are built by our stores from checked parts only. Whatever cannot be reached (no such
    bucket, no permission, a broken connection) raises StateUnavailableError: it is never
    absent, and never corrupt.
    """

    def names(self, folder: str) -> list[str]:
        """Return the names of all blobs under a folder, sorted; an absent folder has none.

        A blob that is there all the while is never missing, whatever others write and delete
        meanwhile. Raises StateUnavailableError.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a seekable blob; raises FileNotFoundError, or StateUnavailableError.

        An opened blob gives the bytes of one version. Where that version cannot be kept while
        others replace the blob, reading raises FileNotFoundError: open it again.
        """
        ...

    def write(self, name: str, fill: Fill, *, keep_name: bool = True) -> None:
        """Replace a blob atomically and durably; raises StateUnavailableError.

        Without `keep_name` a power cut may take the blob away again, never tear it.
        """
        ...

    def swap(self, name: str, fill: Fill, is_expected: IsExpected) -> bool:
        """Write a blob only in the place of the one that is expected; return whether it was.

        Of several writers who expect the same one wins: who swaps loses no update of another who
        swaps. `write` heeds nobody. Raises CollectionBusyError, and StateUnavailableError; after
        that the blob may have been written.
        """
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Remove blobs, durably; absent ones are fine. Raises StateUnavailableError."""
        ...

    def shown(self, name: str) -> str:
        """Return where a blob lies, for people."""
        ...


def read_blob(blobs: Blobs, name: str, work: Callable[[BinaryIO], T]) -> T | None:
    """Return what `work` makes of a blob, anew when it is replaced meanwhile; None for no blob.

    Raises StateUnavailableError, OvertakenError when it is replaced again and again, and what
    else `work` raises.
    """

    def look() -> T | None:
        try:
            file = blobs.open(name)
        except FileNotFoundError:
            return None
        with file:
            return work(file)

    return steady(look)


def read_bytes(blobs: Blobs, name: str) -> bytes | None:
    """Return what a small blob holds, None for no blob; raises as `read_blob`."""
    try:
        return read_blob(blobs, name, lambda file: file.read())
    except OSError as error:
        raise StateUnavailableError(
            f"{blobs.shown(name)!r:.300} could not be read ({error.strerror or error}): run again, "
            "and check the disk, share or bucket when that does not help"
        ) from error


def check_name(name: str) -> str:
    """Return a blob's (or folder's) name that stays under its root, or raise SettingsError."""
    parts = name.split("/")
    if (
        not {"", ".", ".."}.isdisjoint(parts)
        or "\0" in name
        or len(os.fsencode(name)) > MAX_NAME_BYTES
    ):
        raise SettingsError(
            f"{name!r:.200} cannot name a file of ours: use parts other than '.' and '..' between "
            f"single slashes, without NUL, in at most {MAX_NAME_BYTES} bytes"
        )
    return name
