"""`mmrag purge --list`: which files are kept out, since when, and what receipts tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mmrag_pipeline.assembly import open_tables
from mmrag_pipeline.cli.console import counted, print_entry, print_json, print_title, warn
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.receipts import Told, told_by
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.receipts import read_receipts

_UNENDED = "did not end: run the same command again"
_NO_RECEIPT = f"{_UNENDED} (no receipt is here: it may lie on another machine, or be deleted)"


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
    ended: bool
    """Whether a receipt of this machine says that all of it is gone."""

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class _Receipts:
    """What the receipts of this machine tell, complete ones first."""

    told: Mapping[str, Sequence[tuple[Path, Told]]]
    """File id -> those that name it."""

    def of(self, file: str, moment: str) -> tuple[str | None, bool]:
        """Return the receipt of the purge of that time, and whether all was gone then."""
        theirs = ((p, t) for p, t in self.told.get(file, ()) if t.moment == moment)
        return next(((str(path), told.complete) for path, told in theirs), (None, False))

    def key(self, file: str) -> str | None:
        """Return the key of a file."""
        keys = (told.files[file] for _, told in self.told.get(file, ()))
        return next((key for key in keys if key is not None), None)


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
        print_entry(heading, since, body=_told_of(one))


def _told_of(one: Purged) -> str:
    if one.ended or one.receipt is None:
        return one.receipt or _NO_RECEIPT
    return f"{one.receipt}: not all was gone, it {_UNENDED}"


def _purged(tables: TableCatalog, domain: str | None, receipts: _Receipts) -> list[Purged]:
    found: list[Purged] = []
    for name in tables.partitions("tombstones") if domain is None else [domain]:
        rows = rows_of(tables, "tombstones", name).sort("purged_at", "file_id").iter_rows()
        for file, at, moment in rows:
            path, ended = receipts.of(file, moment)
            found.append(Purged(name, file, at, path, receipts.key(file), ended))
    return found


def _receipts(home: Path) -> _Receipts:
    """Read all receipts; those that cannot be trusted are told and left out."""
    held: list[tuple[Path, Told]] = []
    for path, text in read_receipts(home):
        try:
            held.append((path, told_by(text)))
        except CorruptStateError as error:
            warn(f"receipt {path} was left out: {error}")
    told: dict[str, list[tuple[Path, Told]]] = {}
    for path, one in sorted(held, key=lambda pair: not pair[1].complete):
        for file in one.files:
            told.setdefault(file, []).append((path, one))
    return _Receipts(told)
