"""Purges that did not end: their tombstones stand, and no receipt says that all is gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.copies import UNREADABLE
from mmrag_pipeline.indexing.purge_request import Files
from mmrag_pipeline.indexing.receipts import Ended
from mmrag_pipeline.keepers import TableCatalog


@dataclass(frozen=True, slots=True)
class Unended:
    """What is still to do of the purges that some files belong to."""

    files: Mapping[str, Files]
    """Domain -> the other files of those purges; their keys are not known."""
    since: datetime | None
    """When the first of those purges began; None when all have ended."""
    unread: Mapping[str, str]
    """Domain whose tombstones could not be read -> why."""


def unended(
    catalog: TableCatalog, asked: Mapping[str, Collection[str]], ended: Collection[Ended]
) -> Unended:
    """Return what purges of the asked files (domain -> ids) left undone, in any domain.

    `ended` is what receipts tell. A purge that was killed may have cut the asked files already:
    only the tombstones still tell which others belong to it.
    """
    unread: dict[str, str] = {}
    stones: list[tuple[str, str, datetime, str]] = []
    for domain in dict.fromkeys([*catalog.partitions("tombstones"), *asked]):
        try:
            rows = rows_of(catalog, "tombstones", domain)
        except UNREADABLE as error:
            unread[domain] = str(error)
        else:
            stones += [(domain, *row) for row in rows.iter_rows()]
    named = {file for ids in asked.values() for file in ids}
    moments = {moment for _, file, _, moment in stones if file in named}
    still = [s for s in stones if s[3] in moments and Ended(moment=s[3], file=s[1]) not in ended]
    files: dict[str, dict[str, str | None]] = {}
    for domain, file, _, _ in still:
        if file not in named:
            files.setdefault(domain, {})[file] = None
    return Unended(files, min((at for _, _, at, _ in still), default=None), unread)
