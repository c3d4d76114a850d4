"""Our own state as files of a folder (stores.blobs.Blobs)."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.stores.blobs import Fill, IsExpected, check_name
from mmrag_pipeline.stores.files import exclusive, replace_file, staged, sync

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}\.tmp")
_LOCK = "swap.lock"
_LOCK_TIMEOUT_S = 60.0
"""Who holds the lock looks at one blob and renames another to it."""
_LOOKS = 5
"""How often a folder is looked at that others change meanwhile."""


class FolderBlobs:
    """Files under `root`, written beside their place and renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> list[str]:
        """Return the names of all blobs under a folder, sorted; an absent folder has none."""
        check_name(folder)
        with _reaching("list", self._root / folder):
            return sorted(self._under(folder))

    def open(self, name: str) -> BinaryIO:
        """Open a blob; it stays whole for its reader when it is replaced or deleted."""
        path = self._path(name)
        with _reaching("open", path, absent_too=False):
            return path.open("rb")

    def write(self, name: str, fill: Fill, *, keep_name: bool = True) -> None:
        """Replace a blob atomically and durably."""
        path = self._path(name)
        with _reaching("write", path):
            replace_file(path, _filling(fill), keep_name=keep_name)

    def swap(self, name: str, fill: Fill, is_expected: IsExpected) -> bool:
        """Write a blob in the place of the one that is expected, under a lock of the system."""
        path = self._path(name)
        what = f"writing {str(path)!r}"
        with (
            _reaching("write", path),
            staged(path, _filling(fill)) as put,
            exclusive(self._root / _LOCK, what, _LOCK_TIMEOUT_S),
        ):
            expected = self._is(name, is_expected)
            if expected:
                put()
                sync(path.parent)
            return expected

    def delete(self, names: Iterable[str]) -> None:
        """Remove blobs and bring that to the disk; absent ones are fine."""
        paths = [self._path(name) for name in names]
        with _reaching("delete in", self._root):
            for path in paths:
                path.unlink(missing_ok=True)
            for parent in {path.parent for path in paths}:
                if parent.is_dir():
                    sync(parent)

    def shown(self, name: str) -> str:
        """Return the path of a blob."""
        return str(self._root / name)

    def _path(self, name: str) -> Path:
        return self._root / check_name(name)

    def _is(self, name: str, is_expected: IsExpected) -> bool:
        try:
            file = self.open(name)
        except FileNotFoundError:
            return is_expected(None)
        with file:
            return is_expected(file)

    def _under(self, folder: str) -> Iterator[str]:
        for entry in _settled(self._root / folder):
            name = f"{folder}/{entry.name}"
            if entry.is_dir():
                yield from self._under(name)
            elif not _TEMPORARY.fullmatch(entry.name):
                yield name


def _filling(fill: Fill) -> Callable[[Path], None]:
    def filled(temporary: Path) -> None:
        with temporary.open("wb") as file:
            fill(file)

    return filled


def _settled(folder: Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds.

    The system reads a large folder in pieces: a merged file may come behind the piece that it
    belongs to while the files it replaces are gone already. So a folder that changed while it
    was read is read again.
    """
    found: list[os.DirEntry[str]] = []
    try:
        for _ in range(_LOOKS):
            before = os.stat(folder).st_mtime_ns
            with os.scandir(folder) as entries:
                found = list(entries)
            if os.stat(folder).st_mtime_ns == before:
                break
    except FileNotFoundError:
        return []
    return found


@contextmanager
def _reaching(what: str, path: Path, *, absent_too: bool = True) -> Iterator[None]:
    """Say it in our words when the system refuses; absence is not always a refusal."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not absent_too:
            raise
        raise StateUnavailableError(
            f"could not {what} {str(path)!r} ({error.strerror or error}): nothing was changed; "
            "make the folder readable and writable, with room on its disk, and run again"
        ) from error
