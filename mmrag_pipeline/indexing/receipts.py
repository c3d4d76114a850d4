"""What a purge did, as a document that shows when it was changed afterwards."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.ids import Json, canonical_json, digest_json

UNREFERENCED = "unreferenced/"
"""Begins the places of what belonged to no file any more."""
NOT_COVERED = (
    "the file itself in its source, and copies of it under other keys, which stay indexed: "
    "`copies` names those that had the same content when the purge began",
    "backups and snapshots, and earlier versions of our own objects where a bucket keeps versions",
    "what Dagster logged and configured in earlier runs: names of files can stand there",
    "notices of the queue that could not be understood, and files that killed processes left half "
    "written (*.tmp)",
    "runs of other machines that were under way: purge again when they have ended; and indexes "
    "that other machines keep of their own, or that were left when an index was copied: they hold "
    "the points until a purge or an index run there",
    "reports, exports and answers that people made",
    "bytes on the disk that deleted points and files took, until the vector store's next "
    "optimisation and the file system use them again",
)
"""What no purge of ours reaches, in plain words."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was purged, from where, and whether it was gone afterwards."""

    domain: str
    files: Mapping[str, str | None]
    """File id -> key; None where nothing told the key of an id."""
    removed: Mapping[str, int]
    """`tables/NAME`, `memo/STATION`, `collections/NAME`, `inbox` -> rows, entries, points, events
    that were taken out; places where nothing was are absent. `unreferenced/STATION` are entries of
    the memo that no file had any more: others', and earlier versions of these."""
    left: Mapping[str, int]
    """The same places -> what was still found when they were read back."""
    copies: Mapping[str, Sequence[str]]
    """Domain -> keys of files with the same content, which stay indexed."""
    unread: Mapping[str, str]
    """`copies/DOMAIN` (whether copies are there is unknown) and `memo` (nothing left it) -> why
    they could not be looked through."""
    reason: str
    at: str
    """When the purge began, as in its tombstones; ISO 8601, UTC. One that completes a purge that
    did not end has that one's."""
    ended_at: str
    """When this domain was done; ISO 8601, UTC."""
    by: str
    tool: str
    not_covered: tuple[str, ...] = NOT_COVERED

    @property
    def complete(self) -> bool:
        """Return whether everything was looked through, and nothing was found any more."""
        return not self.left and not self.unread

    @property
    def held_anything(self) -> bool:
        """Return whether something of the files was found."""
        return any(not place.startswith(UNREFERENCED) for place in self.removed)

    @property
    def digest(self) -> str:
        """Return the digest over everything that the receipt says."""
        return digest_json(_body(self))

    def as_json(self) -> str:
        """Return the receipt as canonical JSON, its digest included."""
        return canonical_json({**_body(self), "digest": self.digest})


def verify_receipt(text: str) -> bool:
    """Return whether a receipt says what it said when it was written."""
    try:
        held = json.loads(text)
        body = {name: value for name, value in held.items() if name != "digest"}
        return bool(held["digest"] == digest_json(body))
    except (ValueError, KeyError, AttributeError, TypeError):
        return False


class Ended(NamedTuple):
    """A file that the purge of that moment is done with."""

    moment: str
    file: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a receipt tells of its files."""

    moment: str
    """When the purge began, as it stands in tombstones."""
    files: Mapping[str, str | None]
    """File id -> key."""
    complete: bool


def moment_of(at: datetime) -> str:
    """Return a time as it stands in receipts' names and in tombstones."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def told_by(text: str) -> Told:
    """Return what a receipt tells; raises CorruptStateError for a changed one."""
    if not verify_receipt(text):
        raise CorruptStateError("it was changed after it was written, or is damaged")
    held = json.loads(text)
    return Told(moment_of(datetime.fromisoformat(held["at"])), held["files"], held["complete"])


def ended_by(texts: Iterable[str]) -> set[Ended]:
    """Return what receipts say is gone; a changed receipt says nothing."""
    told = [told_by(text) for text in texts if verify_receipt(text)]
    return {Ended(one.moment, file) for one in told if one.complete for file in one.files}


def _body(receipt: Receipt) -> dict[str, Json]:
    body: dict[str, Json] = asdict(receipt)
    return {**body, "not_covered": list(receipt.not_covered), "complete": receipt.complete}
