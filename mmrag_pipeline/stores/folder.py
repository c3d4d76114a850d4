"""Folders as sources of objects: walked quickly, never left, never hung on."""

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn
from urllib.parse import quote_from_bytes

from mmrag_pipeline.errors import ListingError, ReadError
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.domains import NOTHING_DELETED, Claims, Domain
from mmrag_pipeline.stores.object_keys import key_of, name_of
from mmrag_pipeline.stores.places import Place

RACY_NS = 50_000_000
"""A file touched this shortly before a listing may change again within one clock tick."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderObjects:
    """The objects of local folders.

    Hidden (dot) entries are left out. Symbolic links are not followed, wherever they lead:
    they are listed with the problem `link`, so that a file is read under one key only and
    a rule on who may see a folder holds for all that lies in it.

    An etag is mtime, ctime, size and inode; a file touched within RACY_NS of the listing gets
    an etag that never comes back, so that the next listing shows it as changed and it is read
    again (git calls such an entry racily clean).
    """

    def claims(self, root: Place) -> Claims:
        """Return what lies directly under a root; raises ListingError."""
        entries = _scan(_name(root))
        folders = [entry.is_dir(follow_symlinks=False) for entry in entries]
        names = [key_of(e.name) for e, folder in zip(entries, folders, strict=True) if folder]
        return Claims(names, loose=not all(folders))

    def walk(self, domain: Domain, keys: Sequence[str] | None) -> Iterator[ObjectInfo]:
        """Yield the objects of a domain, or those of `keys`, in any order; raises ListingError."""
        top = _name(domain.place)
        if keys is None:
            return _walk(top, domain.shallow)
        return _looked_up(top, [key for key in keys if not (domain.shallow and "/" in key)])

    def open(self, domain: Domain, key: str, *, etag: str = "") -> BinaryIO:
        """Open one object; raises ReadError.

        Reasons: `vanished` (transient), `unreadable`, `outside_root`, `link`, `not_a_file`.
        `etag` is not asked: a file that changes while it is read shows at the next listing.
        """
        return os.fdopen(_open_key(_name(domain.place), key), "rb")


def _name(place: Place) -> bytes:
    assert isinstance(place, Path)
    return os.fsencode(place)


def _scan(folder: bytes) -> list[os.DirEntry[bytes]]:
    """Return the entries that are not hidden."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(b".")]
    except OSError as error:
        _cannot_list(folder, error)


def _cannot_list(path: bytes, error: OSError) -> NoReturn:
    raise ListingError(
        f"{os.fsdecode(path)!r} could not be listed ({error.strerror}): check that it exists "
        f"and may be read, then run again. {NOTHING_DELETED}"
    ) from error


def _walk(top: bytes, shallow: bool) -> Iterator[ObjectInfo]:
    root = os.path.realpath(top)
    racy_after = time.time_ns() - RACY_NS
    todo = [(top, b"")]
    while todo:
        folder, prefix = todo.pop()
        uri = _uri(os.path.join(root, prefix))
        for entry in _scan(folder):
            if entry.is_dir(follow_symlinks=False):
                if not shallow:
                    todo.append((entry.path, prefix + entry.name + b"/"))
            elif found := _stat(entry):
                yield _info(found, prefix + entry.name, uri, racy_after)


def _stat(entry: os.DirEntry[bytes]) -> os.stat_result | None:
    """Return what the system says of an entry; None for what is not there (any more)."""
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        _cannot_list(entry.path, error)


def _looked_up(top: bytes, keys: Iterable[str]) -> Iterator[ObjectInfo]:
    """Yield what a walk would show of these keys."""
    root = os.path.realpath(top)
    racy_after = time.time_ns() - RACY_NS
    _check_is_there(root)
    for key in keys:
        name = name_of(key)
        parts = name.split(b"/")
        if key_of(name) == key and _is_listed(parts) and (found := _stat_inside(root, parts)):
            yield _info(found, name, _uri(os.path.join(root, *parts[:-1])), racy_after)


def _check_is_there(folder: bytes) -> None:
    """Raise ListingError for a folder that is lost: its files are not just absent."""
    try:
        os.close(os.open(folder, _DIRECTORY))
    except OSError as error:
        _cannot_list(folder, error)


def _is_listed(parts: Sequence[bytes]) -> bool:
    """Return whether a walk could meet this name: no part is empty or hidden."""
    return all(part and not part.startswith(b".") and b"\0" not in part for part in parts)


def _stat_inside(root: bytes, parts: Sequence[bytes]) -> os.stat_result | None:
    """Return what a file under `root` is; None when a part is absent or a link on the way."""
    path = root
    try:
        for part in parts[:-1]:
            path = os.path.join(path, part)
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                return None
        path = os.path.join(path, parts[-1])
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        _cannot_list(path, error)
    return None if stat.S_ISDIR(found.st_mode) else found


def _uri(folder: bytes) -> str:
    uri = "file://" + quote_from_bytes(folder)
    return uri if uri.endswith("/") else uri + "/"


def _info(found: os.stat_result, name: bytes, uri: str, racy_after: int) -> ObjectInfo:
    return ObjectInfo(
        key_of(name),
        uri + quote_from_bytes(name.rpartition(b"/")[2]),
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


def _open_key(folder: bytes, key: str) -> int:
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
        return _open_inside(folder, parts, key=key)
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
