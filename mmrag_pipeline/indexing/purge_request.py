"""What a purge is asked for: files of one or many domains, at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.receipts import moment_of

Files = Mapping[str, str | None]
"""File id -> key; None where nothing tells the key."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which files are to go, and why; who asks for it, when and with what."""

    files: Mapping[str, Files]
    """Domain -> those that were named."""
    reason: str
    by: str
    at: datetime
    tool: str
    along: Mapping[str, Files] = field(default_factory=dict)
    """Domain -> those that go with them: copies, and files of purges that did not end."""

    @property
    def moment(self) -> str:
        """Return the time as it stands in the receipts' names and in tombstones."""
        return moment_of(self.at)

    @property
    def everything(self) -> Mapping[str, Files]:
        """Return domain -> all files that are to go."""
        return merged(self.files, self.along)


def files_of(domain: str, keys: Iterable[str]) -> dict[str, str | None]:
    """Return file id -> key of these keys."""
    return {file_id(domain, key): key for key in keys}


def merged(*parts: Mapping[str, Files]) -> dict[str, Files]:
    """Return domain -> files of all parts, each with its key where one of them tells it."""
    found: dict[str, dict[str, str | None]] = {}
    for part in parts:
        for domain, files in part.items():
            held = found.setdefault(domain, {})
            held |= {file: held.get(file) if key is None else key for file, key in files.items()}
    return dict(found)
