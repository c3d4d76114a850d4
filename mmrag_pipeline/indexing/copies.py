"""Copies: files under other keys, of any domain, with the very content of some files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.keepers import TableCatalog

_FILE, _DIGEST = pl.col("file_id"), pl.col("digest")
UNREADABLE = (CorruptStateError, StateUnavailableError)
"""How a table that cannot be read shows itself."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Which copies are known, and where there may be others."""

    keys: Mapping[str, Sequence[str]]
    """Domain -> keys."""
    unread: Mapping[str, str]
    """Domain whose `raw_files` could not be read -> why."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The digests of some files, as far as `raw_files` could be read."""

    digests: pl.Series
    unread: Mapping[str, str]
    """Domain whose `raw_files` could not be read -> why."""


def contents_of(catalog: TableCatalog, files: Mapping[str, Collection[str]]) -> Contents:
    """Return the contents of files (domain -> ids) that are still listed."""
    found, unread = [pl.Series("digest", [], dtype=pl.String)], {}
    for partition, domain in _partitions(catalog, files):
        try:
            rows = rows_of(catalog, "raw_files", partition)
        except UNREADABLE as error:
            unread[domain] = str(error)
        else:
            theirs = rows.filter(_FILE.is_in(list(files[domain])))
            found.append(theirs["digest"].drop_nulls())
    return Contents(pl.concat(found).unique(), unread)


def copies_of(
    catalog: TableCatalog, contents: Contents, *, besides: Mapping[str, Collection[str]]
) -> Copies:
    """Return all files with these contents besides some (domain -> ids).

    Reads one table at a time; one that cannot be read hides no other.
    """
    found: dict[str, set[str]] = {}
    unread = dict(contents.unread)
    for partition, domain in _partitions(catalog) if contents.digests.len() else ():
        try:
            rows = rows_of(catalog, "raw_files", partition)
        except UNREADABLE as error:
            unread[domain] = str(error)
            continue
        others = rows.filter(~_FILE.is_in(list(besides.get(domain, ()))))
        keys = set(others.filter(_DIGEST.is_in(contents.digests.implode()))["key"])
        found |= {domain: found.get(domain, set()) | keys} if keys else {}
    return Copies({domain: sorted(keys) for domain, keys in found.items()}, unread)


def _partitions(
    catalog: TableCatalog, domains: Collection[str] | None = None
) -> list[tuple[str, str]]:
    """Return the partitions that have files, each with its domain; of these domains, or of all."""
    found = [(name, domain_of(name)) for name in catalog.partitions("raw_files")]
    return [one for one in found if domains is None or one[1] in domains]
