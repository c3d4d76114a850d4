"""What a purge did, as a document that shows when it was changed afterwards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

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
    "runs of other machines that were under way, and indexes that other machines keep of their "
    "own: purge again when those runs have ended, and on each of those machines",
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
    reason: str
    at: str
    """ISO 8601, UTC."""
    by: str
    tool: str
    not_covered: tuple[str, ...] = NOT_COVERED

    @property
    def complete(self) -> bool:
        """Return whether nothing was found any more."""
        return not self.left

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


def files_told(text: str) -> Mapping[str, str | None]:
    """Return the files (id -> key) of a receipt; raises CorruptStateError for a changed one."""
    if not verify_receipt(text):
        raise CorruptStateError("it was changed after it was written, or is damaged")
    files: Mapping[str, str | None] = json.loads(text)["files"]
    return files


def _body(receipt: Receipt) -> dict[str, Json]:
    body: dict[str, Json] = asdict(receipt)
    return {**body, "not_covered": list(receipt.not_covered), "complete": receipt.complete}
