"""A folder as a source of objects: walks it quickly, never leaves it, never hangs on it."""

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn
from urllib.parse import quote_from_bytes

from mmrag_pipeline.errors import ListingError, ReadError, SettingsError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.records import ObjectInfo
from mmrag_pipeline.stores.object_keys import key_of, name_of

LOOSE_DOMAIN = "default"
"""Domain of the files that lie directly under a root of domains."""
RACY_NS = 50_000_000
"""A file touched this shortly before a listing may change again within one clock tick."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KEPT = "Nothing was deleted from the index."


@dataclass(frozen=True, slots=True)
class Domain:
    """The folder of one domain; a shallow one holds only the files directly in it."""

    folder: Path
    shallow: bool = False


class FolderStore:
    """ObjectStore over local folders, one per domain.

    Hidden (dot) entries are left out. Links to folders are not followed. An etag is
    mtime, ctime, size and inode; a file touched within RACY_NS of the listing gets an etag
    that never comes back, so that the next listing shows it as changed and it is read again
    (git calls such an entry racily clean).
    """

    def __init__(self, folders: Mapping[str, Path], *, roots: Sequence[Path] = ()) -> None:
        """Take single folders by domain, and roots whose sub-folders are domains at each look."""
        self._single = {check_partition(name): Domain(path) for name, path in folders.items()}
        self._roots = tuple(roots)
        self._last: Mapping[str, Domain] = self._single

    def domains(self) -> list[str]:
        """Return the domains of the source, sorted; raises ListingError when a root is lost."""
        found, troubles = self._look()
        if troubles:
            raise troubles[0]
        return sorted(found)

    def list(self, domain: str) -> list[ObjectInfo]:
        """Return every object of a domain, sorted by key; raises ListingError.

        A root that is lost stops the domains that are not found elsewhere, and no others.
        """
        found, troubles = self._look()
        if domain in found:
            return sorted(_walk(found[domain]), key=lambda info: info.key)
        if troubles:
            raise troubles[0]
        raise ListingError(
            f"domain {domain!r} has no folder (any more): put the folder back, or remove "
            f"the domain on purpose. {_KEPT}"
        )

    def open(self, domain: str, key: str) -> BinaryIO:
        """Open one object; raises ReadError.

        Reasons: `vanished` (transient), `unreadable`, `outside_root`, `not_a_file`.
        """
        held = self._last.get(domain) or self._look()[0].get(domain)
        if held is None:
            raise _vanished(key)
        return os.fdopen(_open_key(held.folder, key), "rb")

    def _look(self) -> tuple[Mapping[str, Domain], Sequence[ListingError]]:
        """Find the domains again, and what stands in the way of some."""
        found = dict(self._single)
        troubles: list[ListingError] = []
        for root in self._roots:
            try:
                troubles += _added(found, _domains_under(root))
            except ListingError as error:
                troubles.append(error)
        self._last = found  # opening uses the last look, so that it stays cheap
        return found, troubles


def _domains_under(root: Path) -> Mapping[str, Domain]:
    found: dict[str, Domain] = {}
    loose = False
    for entry in _scan(os.fsencode(root)):
        if entry.is_dir(follow_symlinks=False):
            name = _domain_name(entry)
            found[name] = Domain(root / name)
        else:
            loose = loose or not entry.is_dir()
    if loose and LOOSE_DOMAIN in found:
        raise ListingError(
            f"{str(root)!r} has files beside a folder {LOOSE_DOMAIN!r}, and both would be the "
            f"domain {LOOSE_DOMAIN!r}: move the files into a folder. {_KEPT}"
        )
    if loose:
        found[LOOSE_DOMAIN] = Domain(root, shallow=True)
    return found


def _added(found: dict[str, Domain], more: Mapping[str, Domain]) -> Sequence[ListingError]:
    """Add the domains of one more root; a name of two folders is neither, and an error."""
    troubles = []
    for name, domain in more.items():
        held = found.setdefault(name, domain)
        if held != domain:
            del found[name]
            troubles.append(
                ListingError(
                    f"domain {name!r} is both {str(held.folder)!r} and {str(domain.folder)!r}: "
                    f"rename one of the folders or give it another --domain. {_KEPT}"
                )
            )
    return troubles


def _domain_name(entry: os.DirEntry[bytes]) -> str:
    try:
        return check_partition(key_of(entry.name))
    except SettingsError as error:
        raise ListingError(f"{error}; rename the folder {entry.path!r}. {_KEPT}") from error


def _scan(folder: bytes) -> list[os.DirEntry[bytes]]:
    """Return the entries that are not hidden; raises ListingError."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(b".")]
    except OSError as error:
        _cannot_list(folder, error)


def _cannot_list(path: bytes, error: OSError) -> NoReturn:
    raise ListingError(
        f"{os.fsdecode(path)!r} could not be listed ({error.strerror}): check that it exists "
        f"and may be read, then run again. {_KEPT}"
    ) from error


def _walk(domain: Domain) -> Iterator[ObjectInfo]:
    """Yield the objects of a domain, in any order."""
    top = os.fsencode(domain.folder)
    root = os.path.realpath(top)
    racy_after = time.time_ns() - RACY_NS
    todo = [(top, b"")]
    while todo:
        folder, prefix = todo.pop()
        uri = "file://" + quote_from_bytes(os.path.join(root, prefix))
        for entry in _scan(folder):
            if entry.is_dir(follow_symlinks=False):
                if not domain.shallow:
                    todo.append((entry.path, prefix + entry.name + b"/"))
            elif info := _object(entry, (prefix, uri, root), racy_after):
                yield info


def _object(
    entry: os.DirEntry[bytes], place: tuple[bytes, str, bytes], racy_after: int
) -> ObjectInfo | None:
    """Return what a listing says of one entry; None for what is not there (any more)."""
    prefix, uri, root = place
    problem = _link_problem(entry.path, root) if entry.is_symlink() else ""
    if problem is None:
        return None
    try:
        found = entry.stat(follow_symlinks=entry.is_symlink() and not problem)
    except FileNotFoundError:
        return None
    except OSError as error:
        _cannot_list(entry.path, error)
    if not problem and not stat.S_ISREG(found.st_mode):
        problem = "not_a_file"
    name = entry.name
    return ObjectInfo(
        key_of(prefix + name),
        (uri if uri.endswith("/") else uri + "/") + quote_from_bytes(name),
        found.st_size,
        _etag(found, racy_after),
        datetime.fromtimestamp(found.st_mtime, UTC),
        problem,
    )


def _link_problem(path: bytes, root: bytes) -> str | None:
    """Return why a link must not be read, or None for one whose target is listed anyway."""
    target = os.path.realpath(path)
    if target != root and not _inside(target, root):
        return "outside_root"
    if os.path.isdir(target):
        return None
    return "" if os.path.exists(target) else "not_a_file"


def _inside(path: bytes, root: bytes) -> bool:
    return path.startswith(root.rstrip(b"/") + b"/")


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
    if key_of(name) != key:
        raise _vanished(key)
    try:
        return _open_inside(os.path.realpath(os.fsencode(folder)), parts, key=key)
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


def _open_inside(root: bytes, parts: "list[bytes]", *, key: str, via_link: bool = False) -> int:
    """Open step by step without following links, so that a swapped folder leads nowhere.

    One link is resolved by name first and its target opened in the same way.
    """
    folder = os.open(root, _DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        kind = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode
        if not stat.S_ISLNK(kind):
            return _open_regular(folder, parts[-1], key=key, kind=kind)
    finally:
        os.close(folder)
    target = os.path.realpath(os.path.join(root, *parts))
    if via_link or not _inside(target, root):
        raise _outside(key)
    inside = os.path.relpath(target, root).split(b"/")
    return _open_inside(root, inside, key=key, via_link=True)


def _open_regular(folder: int, name: bytes, *, key: str, kind: int) -> int:
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
        f"{key!r} leads outside its domain's folder: copy the file in instead of linking it",
        reason="outside_root",
    )


def _not_a_file(key: str) -> ReadError:
    return ReadError(
        f"{key!r} is not a regular file (a device, pipe, socket or folder): remove it",
        reason="not_a_file",
    )
