"""Files that are replaced as a whole and locks that die with their holder."""

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmrag_pipeline.errors import CollectionBusyError

POLL_S = 0.02


def replace_file(path: Path, write: Callable[[Path], None], *, keep_name: bool = True) -> None:
    """Let `write` fill a temporary file, then put it at `path` atomically and durably.

    Without `keep_name` a power cut may take the file away again, never tear it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    if keep_name:
        sync(path.parent)


def sync(path: Path) -> None:
    """Ask the system to bring a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def exclusive(lock: Path, what: str, timeout_s: float) -> Iterator[None]:
    """Hold a lock file alone; raises CollectionBusyError after `timeout_s` naming the holder.

    The lock belongs to the open file: the system releases it when the holder dies, and a
    second opening in the same process waits as well. The file stays, because removing it
    would let two holders lock two files of one name.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait(handle, what, timeout_s)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, what: str, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not _taken(handle):
        if time.monotonic() >= end:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace") or "unknown"
            raise CollectionBusyError(
                f"{what} is held by process {holder}; waited {timeout_s:g} s. Wait until it "
                "finishes or end it, then try again (lock_timeout_s sets how long to wait)"
            )
        time.sleep(POLL_S)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
