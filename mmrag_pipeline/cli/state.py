"""What there is to tell of the state, part by part: one that cannot be read hides no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import polars as pl

from mmrag_pipeline.assembly import all_sources, open_blobs, open_tables, open_vectors
from mmrag_pipeline.cli.partitions import tabled_partitions
from mmrag_pipeline.cli.served import served_domains
from mmrag_pipeline.errors import MmragError, StateUnavailableError
from mmrag_pipeline.ids import Json, collection_name, domain_of, partitions_of
from mmrag_pipeline.indexing.apply import difference
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.held_back import held_back
from mmrag_pipeline.indexing.lifetime import days_of
from mmrag_pipeline.models import known_models
from mmrag_pipeline.ports import TableStore
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.kept import with_kept_settings
from mmrag_pipeline.stores.places import place_of
from mmrag_pipeline.stores.poison import Poison, PoisonBox
from mmrag_pipeline.stores.receipts import receipts_folder
from mmrag_pipeline.stores.sources import Sources, read_sources

COUNTED = {
    "files": "raw_files",
    "pages": "pages",
    "tiles": "tiles",
    "chunks": "chunks",
    "points": "collection",
    "dead_letters": "dead_letters",
}
"""What is counted -> the table whose rows it is."""
_UNREAD = "unread"
"""Type of a file whose bytes could never be read."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything lies, without credentials."""

    home: str
    state: str
    """Tables, memo, inbox."""
    index: str
    receipts: str
    queue: str | None


@dataclass(frozen=True, slots=True)
class State:
    """What was found out; None is a part that could not be read."""

    settings: Settings
    """With what earlier runs named, where that can be read."""
    places: Places
    sources: Sources | None
    partitions: Mapping[str, Mapping[str, Json]]
    waiting: Mapping[str, int] | None
    strange: Sequence[Poison] | None
    failed: Mapping[str, str]
    """Partition -> why its tables cannot be read."""
    warnings: Sequence[str]
    """Why other parts cannot."""


@dataclass(frozen=True, slots=True)
class _Looks:
    """Looks at one part after the other and keeps what stood in the way."""

    troubles: dict[str, str] = field(default_factory=dict)
    """Cause -> how it was met first: one bucket that is not there is one trouble."""

    def at(self, part: Callable[[], T]) -> T | None:
        try:
            return part()
        except (MmragError, OSError) as error:
            self.met(error)
            return None

    def met(self, error: Exception) -> None:
        cause = error.cause if isinstance(error, StateUnavailableError) else ""
        self.troubles.setdefault(cause or str(error), str(error))


def look(settings: Settings, domains: Sequence[str], *, unreached: MmragError | None) -> State:
    """Return what there is to tell of these domains and of the state that they are in.

    `unreached` is why there are no domains, if the tables could not be asked for them.
    """
    looks, blobs = _Looks(), open_blobs(settings)
    if unreached:
        looks.met(unreached)
    settings = looks.at(lambda: with_kept_settings(settings, blobs)) or settings
    served = looks.at(lambda: served_domains(settings))
    names = looks.at(lambda: known_models(settings)) or {}
    rows: dict[str, Mapping[str, Json]] = {}
    failed: dict[str, str] = {}
    for partition in tabled_partitions(settings, domains) if domains else ():
        try:
            rows[partition] = _row(settings, partition, served=served, names=names)
        except MmragError as error:
            failed[partition] = str(error)
    return State(
        settings,
        places(settings),
        looks.at(lambda: all_sources(settings, read_sources(settings.home))),
        rows,
        looks.at(lambda: _waiting(BlobInbox(blobs))),
        looks.at(lambda: PoisonBox(blobs).poisoned()),
        failed,
        [*looks.troubles.values()],
    )


def places(settings: Settings) -> Places:
    """Return where everything lies."""
    home = settings.home.absolute()
    state = place_of(settings.state_root) if settings.state_root else home
    return Places(
        home=str(home),
        state=str(state.absolute() if isinstance(state, Path) else state),
        index=settings.qdrant_url or str(home / "collections"),
        receipts=str(receipts_folder(home)),
        queue=settings.queue_url,
    )


def _waiting(inbox: BlobInbox) -> dict[str, int]:
    return {name: len(inbox.pending(name).events) for name in inbox.partitions()}


def _row(
    settings: Settings,
    partition: str,
    *,
    served: Mapping[str, Mapping[str, str]] | None,
    names: Mapping[str, str],
) -> dict[str, Json]:
    tables, domain = open_tables(settings), domain_of(partition)
    counts = {name: _rows(tables, station, partition) for name, station in COUNTED.items()}
    applied, points = (tables.lineage(name, partition) for name in ("collection", "points"))
    cards = dict(points.cards) if points else {}
    serving = None if served is None else served.get(domain, {})
    return {
        "domain": domain,
        "wanted": partition in partitions_of(domain, settings.shards),
        **counts,
        **_files(tables, partition),
        "purged": _rows(tables, "tombstones", domain),
        "days_to_live": days_of(settings, domain),
        "alias": collection_name(settings.collection_prefix, partition),
        "serving": serving.get(partition) if serving is not None else None,
        "served_here": bool(serving) if serving is not None else None,
        "behind": _is_behind(tables, applied, points),
        "cards": cards,
        "models": {role: names.get(card, f"of card {card[:12]}") for role, card in cards.items()},
        "run_id": applied.run_id if applied else "",
        "held_back": _held_back(settings, partition, (serving or {}).get(partition)),
    }


def _held_back(
    settings: Settings, partition: str, serving: str | None
) -> Mapping[str, Json] | None:
    tables, vectors = open_tables(settings), open_vectors(settings)
    held = held_back(tables, vectors, partition, serving=serving)
    if held is None:
        return None
    return {**asdict(held), "at": held.at.isoformat(), "told": held.told(partition)}


def _is_behind(tables: TableStore, applied: Lineage | None, points: Lineage | None) -> bool | None:
    """Return whether other points are wanted than were applied; None with nothing to compare.

    Where the digest differs only the rows tell: a purge takes points out of both tables.
    """
    if applied is None or points is None:
        return None
    if points.digest == applied.upstream.get("points"):
        return False
    desired = rows_of(tables, "points", points.partition)
    return difference(desired, rows_of(tables, "collection", points.partition)).total > 0


def _rows(tables: TableStore, name: str, partition: str) -> int:
    lineage = tables.lineage(name, partition)
    return lineage.rows if lineage else 0


def _files(tables: TableStore, partition: str) -> dict[str, Json]:
    """Return how many files there are, in all and of each type, and how many are out of time."""
    rows = rows_of(tables, "raw_files", partition)
    files = rows.filter(~pl.col("expired")).with_columns(pl.col("media_type").fill_null(_UNREAD))
    kinds = files.group_by("media_type").agg(pl.len().alias("files")).sort("media_type")
    return {
        "files": files.height,
        "expired": rows.height - files.height,
        "files_by_type": {str(kind): int(number) for kind, number in kinds.iter_rows()},
    }
