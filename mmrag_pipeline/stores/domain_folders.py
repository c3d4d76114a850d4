"""Which folder is which domain: looked up anew at each listing, one trouble at a time."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from mmrag_pipeline.errors import ListingError, SettingsError
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.stores.object_keys import key_of

LOOSE_DOMAIN = "default"
"""Domain of the files that lie directly under a root of domains."""
_KEPT = "Nothing was deleted from the index."


@dataclass(frozen=True, slots=True)
class Domain:
    """The folder of one domain; a shallow one holds only the files directly in it."""

    folder: Path
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """The domains that were found, and what stands in the way of others."""

    found: Mapping[str, Domain]
    troubles: tuple[ListingError, ...]
    lost: tuple[ListingError, ...] = ()
    """Troubles with a whole root: it may hold loose files, too."""


def look(single: Mapping[str, Domain], roots: Sequence[Path]) -> Look:
    """Find single folders and the sub-folders of roots.

    A root that is lost, a folder that cannot name a domain and a name of several folders
    are one trouble each: they hide what they hide and nothing else.
    """
    claims = list(single.items())
    troubles: list[ListingError] = []
    lost: list[ListingError] = []
    for root in roots:
        try:
            entries = scan(os.fsencode(root))
        except ListingError as error:
            lost.append(error)
            continue
        named, unusable = _named(root, entries)
        claims += named
        troubles += unusable
    found, clashes = _settled(claims)
    return Look(found, (*lost, *troubles, *clashes), tuple(lost))


def scan(folder: bytes) -> list[os.DirEntry[bytes]]:
    """Return the entries that are not hidden; raises ListingError."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(b".")]
    except OSError as error:
        cannot_list(folder, error)


def cannot_list(path: bytes, error: OSError) -> NoReturn:
    """Raise the ListingError of a path that the system would not show."""
    raise ListingError(
        f"{os.fsdecode(path)!r} could not be listed ({error.strerror}): check that it exists "
        f"and may be read, then run again. {_KEPT}"
    ) from error


def no_folder(domain: str) -> ListingError:
    """Return the error for a domain that no source holds."""
    return ListingError(
        f"domain {domain!r} has no folder (any more): put the folder back, or remove "
        f"the domain on purpose. {_KEPT}"
    )


def _named(
    root: Path, entries: Sequence[os.DirEntry[bytes]]
) -> tuple[Sequence[tuple[str, Domain]], Sequence[ListingError]]:
    """Return the domains directly under a root, and the folders that cannot be one."""
    found: list[tuple[str, Domain]] = []
    troubles: list[ListingError] = []
    loose = False
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            loose = True
            continue
        try:
            name = check_partition(key_of(entry.name))
        except SettingsError as error:
            troubles.append(_unusable(entry.path, error))
        else:
            found.append((name, Domain(root / name)))
    if loose:
        found.append((LOOSE_DOMAIN, Domain(root, shallow=True)))
    return found, troubles


def _settled(
    claims: Iterable[tuple[str, Domain]],
) -> tuple[Mapping[str, Domain], Sequence[ListingError]]:
    """Return the domains of one folder each; a name of several is none of them, and a trouble."""
    found: dict[str, Domain] = {}
    clashes: dict[str, ListingError] = {}
    for name, domain in claims:
        held = found.setdefault(name, domain)
        if held != domain:
            clashes[name] = _twice(name, held, domain)
    return {n: d for n, d in found.items() if n not in clashes}, tuple(clashes.values())


def _unusable(path: bytes, error: SettingsError) -> ListingError:
    return ListingError(f"{error}; rename the folder {os.fsdecode(path)!r}. {_KEPT}")


def _twice(name: str, one: Domain, other: Domain) -> ListingError:
    if other.shallow and not one.shallow:
        return ListingError(
            f"{str(other.folder)!r} has files beside folders, and they would be the domain "
            f"{name!r}, which is {str(one.folder)!r}: move the files into a folder. {_KEPT}"
        )
    return ListingError(
        f"domain {name!r} is both {str(one.folder)!r} and {str(other.folder)!r}: "
        f"rename one of the folders or give it another --domain. {_KEPT}"
    )
