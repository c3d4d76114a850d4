"""`mmrag purge --list`: which files are kept out, since when, and what receipts tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mmrag_pipeline.assembly import open_tables
from mmrag_pipeline.cli.console import counted, print_entry, print_json, print_title, warn
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.receipts import files_told
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.receipts import read_receipts

_NO_RECEIPT = "no receipt here: if it was purged on this machine that did not end; purge it again"


@dataclass(frozen=True, slots=True)
class Purged:
    """A file that no listing brings back."""

    domain: str
    file_id: str
    purged_at: datetime
    receipt: str | None
    """Path of the receipt; None where this machine has none of that purge."""
    key: str | None
    """None where no receipt of this machine tells it."""

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class _Receipts:
    """What the receipts of this machine tell: file id -> (path, key) of each that names it."""

    told: Mapping[str, Sequence[tuple[Path, str | None]]] = field(default_factory=dict)

    def path(self, file: str, moment: str) -> str | None:
        """Return the receipt of the purge of that time."""
        paths = (path for path, _ in self.told.get(file, ()))
        return next((str(p) for p in paths if p.name.startswith(f"purge-{moment}-")), None)

    def key(self, file: str) -> str | None:
        """Return the key of a file."""
        return next((key for _, key in self.told.get(file, ()) if key is not None), None)


def tell_purged(settings: Settings, domain: str | None, *, as_json: bool) -> None:
    """Print the purged files of a domain, or of all; raises CorruptStateError."""
    found = _purged(open_tables(settings), domain, _receipts(settings.home.absolute()))
    if as_json:
        print_json({"purged": [one.as_json() for one in found]})
        return
    print_title(counted(len(found), "purged file"))
    for one in found:
        heading = f"{one.domain}/{one.key}" if one.key else f"{one.domain}: file {one.file_id}"
        since = f"{one.purged_at:%Y-%m-%d %H:%M} UTC"
        print_entry(heading, since, body=one.receipt or _NO_RECEIPT)


def _purged(tables: TableCatalog, domain: str | None, receipts: _Receipts) -> list[Purged]:
    found: list[Purged] = []
    for name in tables.partitions("tombstones") if domain is None else [domain]:
        rows = rows_of(tables, "tombstones", name).sort("purged_at", "file_id").iter_rows()
        found += [
            Purged(name, file, at, receipts.path(file, moment), receipts.key(file))
            for file, at, moment in rows
        ]
    return found


def _receipts(home: Path) -> _Receipts:
    """Read all receipts; those that cannot be trusted are told and left out."""
    told: dict[str, list[tuple[Path, str | None]]] = {}
    for path, text in read_receipts(home):
        try:
            files = files_told(text)
        except CorruptStateError as error:
            warn(f"receipt {path} was left out: {error}")
            continue
        for file, key in files.items():
            told.setdefault(file, []).append((path, key))
    return _Receipts(told)
