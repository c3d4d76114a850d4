"""Files that are replaced as a whole and locks that die with their holder."""

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmrag_pipeline.errors import CollectionBusyError

_POLL_S = 0.02


def replace_file(path: Path, write: Callable[[Path], object], *, keep_name: bool = True) -> None:
    """Let `write` fill a temporary file, then put it at `path` atomically and durably.

    Without `keep_name` a power cut may take the file away again, never tear it.
    """
    with staged(path, write) as put:
        put()
    if keep_name:
        sync(path.parent)


@contextmanager
def staged(path: Path, write: Callable[[Path], object]) -> Iterator[Callable[[], None]]:
    """Let `write` fill a temporary file; give what puts it at `path` atomically, if it is called.

    Its bytes are on the disk by then, its name only when the folder is synced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        sync(temporary)
        yield lambda: os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Put a text at `path` atomically and durably."""
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def sync(path: Path) -> None:
    """Ask the system to bring a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def exclusive(lock: Path, what: str, timeout_s: float, *, advice: str = "") -> Iterator[None]:
    """Hold a lock file alone; raises CollectionBusyError after `timeout_s` naming the holder.

    `advice` is what else a person can do then.
    """
    with lock_file(lock) as handle:
        if not taken(handle, fcntl.LOCK_EX, time.monotonic() + timeout_s):
            holder = os.pread(handle, 20, 0).decode("ascii", "replace") or "unknown"
            raise CollectionBusyError(
                f"{what} is held by process {holder}; waited {timeout_s:g} s. Wait until it "
                f"finishes or end it, then try again{advice}"
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield


@contextmanager
def lock_file(path: Path) -> Iterator[int]:
    """Open a lock file; closing it lets its lock go.

    The lock belongs to the open file: the system releases it when the holder dies, and a second
    opening in the same process waits as well. The file stays: two files would be two locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


def taken(handle: int, kind: int, end: float = float("inf")) -> bool:
    """Ask for a lock until `end` of the monotonic clock (a signal ends it); return if it came."""
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
        time.sleep(_POLL_S)
