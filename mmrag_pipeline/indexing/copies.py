"""Copies: files under other keys, of any domain, with the very content of some files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
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
    for domain, ids in files.items():
        try:
            rows = rows_of(catalog, "raw_files", domain)
        except UNREADABLE as error:
            unread[domain] = str(error)
        else:
            found.append(rows.filter(_FILE.is_in(list(ids)))["digest"].drop_nulls())
    return Contents(pl.concat(found).unique(), unread)


def copies_of(
    catalog: TableCatalog, contents: Contents, *, besides: Mapping[str, Collection[str]]
) -> Copies:
    """Return all files with these contents besides some (domain -> ids).

    Reads one table at a time; one that cannot be read hides no other.
    """
    found: dict[str, list[str]] = {}
    unread = dict(contents.unread)
    for domain in catalog.partitions("raw_files") if contents.digests.len() else ():
        try:
            rows = rows_of(catalog, "raw_files", domain)
        except UNREADABLE as error:
            unread[domain] = str(error)
            continue
        others = rows.filter(~_FILE.is_in(list(besides.get(domain, ()))))
        keys = others.filter(_DIGEST.is_in(contents.digests.implode()))["key"].sort().to_list()
        found |= {domain: keys} if keys else {}
    return Copies(found, unread)
