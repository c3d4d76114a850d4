"""A folder as a source of objects: walks it quickly, never leaves it, never hangs on it."""

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote_from_bytes

from mmrag_pipeline.errors import ListingError, ReadError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.domain_folders import (
    LOOSE_DOMAIN,
    Domain,
    Look,
    cannot_list,
    look,
    no_folder,
    scan,
)
from mmrag_pipeline.stores.object_keys import key_of, name_of

RACY_NS = 50_000_000
"""A file touched this shortly before a listing may change again within one clock tick."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderStore:
    """ObjectStore over local folders, one per domain.

    Hidden (dot) entries are left out. Symbolic links are not followed, wherever they lead:
    they are listed with the problem `link`, so that a file is read under one key only and
    a rule on who may see a folder holds for all that lies in it.

    An etag is mtime, ctime, size and inode; a file touched within RACY_NS of the listing gets
    an etag that never comes back, so that the next listing shows it as changed and it is read
    again (git calls such an entry racily clean).
    """

    def __init__(self, folders: Mapping[str, Path], *, roots: Sequence[Path] = ()) -> None:
        """Take single folders by domain, and roots whose sub-folders are domains at each look."""
        self._single = {check_partition(name): Domain(path) for name, path in folders.items()}
        self._roots = tuple(roots)
        self._last: Mapping[str, Domain] = self._single

    def domains(self) -> list[str]:
        """Return the domains of the source, sorted; raises ListingError when some are hidden."""
        seen = self._look()
        if seen.troubles:
            raise ListingError(str(seen.troubles[0]), found=sorted(seen.found))
        return sorted(seen.found)

    def list(self, domain: str) -> list[ObjectInfo]:
        """Return every object of a domain, sorted by key; raises ListingError.

        A trouble stops the domains that are not found in spite of it, and no others. The
        domain of loose files is empty, not lost, when no root has any (any more); while a
        root is lost nobody knows whose loose files they were.
        """
        seen = self._look()
        held = seen.found.get(domain)
        if held and held.shallow and seen.lost:
            raise seen.lost[0]
        if held:
            return sorted(_walk(held), key=lambda info: info.key)
        if seen.troubles:
            raise seen.troubles[0]
        if domain == LOOSE_DOMAIN and self._roots:
            return []
        raise no_folder(domain)

    def open(self, domain: str, key: str) -> BinaryIO:
        """Open one object; raises ReadError.

        Reasons: `vanished` (transient), `unreadable`, `outside_root`, `link`, `not_a_file`.
        """
        held = self._last.get(domain) or self._look().found.get(domain)
        if held is None:
            raise _vanished(key)
        return os.fdopen(_open_key(held.folder, key), "rb")

    def _look(self) -> Look:
        seen = look(self._single, self._roots)
        self._last = seen.found  # opening uses the last look, so that it stays cheap
        return seen


def _walk(domain: Domain) -> Iterator[ObjectInfo]:
    """Yield the objects of a domain, in any order."""
    top = os.fsencode(domain.folder)
    root = os.path.realpath(top)
    racy_after = time.time_ns() - RACY_NS
    todo = [(top, b"")]
    while todo:
        folder, prefix = todo.pop()
        uri = "file://" + quote_from_bytes(os.path.join(root, prefix))
        for entry in scan(folder):
            if entry.is_dir(follow_symlinks=False):
                if not domain.shallow:
                    todo.append((entry.path, prefix + entry.name + b"/"))
            elif info := _object(entry, (prefix, uri), racy_after):
                yield info


def _object(
    entry: os.DirEntry[bytes], place: tuple[bytes, str], racy_after: int
) -> ObjectInfo | None:
    """Return what a listing says of one entry; None for what is not there (any more)."""
    prefix, uri = place
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        cannot_list(entry.path, error)
    name = entry.name
    return ObjectInfo(
        key_of(prefix + name),
        (uri if uri.endswith("/") else uri + "/") + quote_from_bytes(name),
        found.st_size,
        _etag(found, racy_after),
        datetime.fromtimestamp(found.st_mtime, UTC),
        _problem(found.st_mode),
    )


def _problem(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    return "" if stat.S_ISREG(mode) else "not_a_file"


def _etag(found: os.stat_result, racy_after: int) -> str:
    mtime, ctime = found.st_mtime_ns, found.st_ctime_ns
    etag = f"{mtime:x}-{ctime:x}-{found.st_size:x}-{found.st_ino:x}"
    # A date far in the future is somebody's wish, not a sign of a change under way.
    if ctime > racy_after or racy_after < mtime < racy_after + 2 * RACY_NS:
        return f"{etag}-racy-{time.time_ns():x}"
    return etag


def _open_key(folder: Path, key: str) -> int:
    """Return a file descriptor of a regular file inside `folder`."""
    name = name_of(key)
    parts = name.split(b"/")
    if b"\0" in name or any(part in (b"", b".", b"..") for part in parts):
        raise _outside(key)
    if any(part.startswith(b".") for part in parts):
        raise _vanished(key)
    if key_of(name) != key:
        raise _vanished(key)
    try:
        return _open_inside(os.fsencode(folder), parts, key=key)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _vanished(key) from error
    except PermissionError as error:
        raise ReadError(
            f"{key!r} may not be read by this user: change its permissions", reason="unreadable"
        ) from error
    except OSError as error:
        raise ReadError(
            f"{key!r} could not be read ({error.strerror}): check the disk or share",
            reason="unreadable",
            transient=True,
        ) from error


def _open_inside(root: bytes, parts: Sequence[bytes], *, key: str) -> int:
    """Open step by step without following links, so that a swapped folder leads nowhere."""
    folder = os.open(root, _DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return _open_regular(folder, parts[-1], key=key)
    finally:
        os.close(folder)


def _open_regular(folder: int, name: bytes, *, key: str) -> int:
    kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISLNK(kind):
        raise _link(key)
    if not stat.S_ISREG(kind):
        raise _not_a_file(key)
    handle = os.open(name, _FILE, dir_fd=folder)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise _not_a_file(key)


def _vanished(key: str) -> ReadError:
    return ReadError(
        f"{key!r} is gone: it was moved or deleted after it was listed; the next run sees that",
        reason="vanished",
        transient=True,
    )


def _outside(key: str) -> ReadError:
    return ReadError(
        f"{key!r} leads outside its domain's folder: it is no key of a file in it",
        reason="outside_root",
    )


def _link(key: str) -> ReadError:
    return ReadError(
        f"{key!r} is a symbolic link, and links are not followed: copy the file in instead, or "
        "give a linked folder to --source itself",
        reason="link",
    )


def _not_a_file(key: str) -> ReadError:
    return ReadError(
        f"{key!r} is not a regular file (a device, pipe, socket or folder): remove it",
        reason="not_a_file",
    )
