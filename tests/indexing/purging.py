"""Ways to purge in a life, and to look for what is left of a file."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from mmrag_pipeline.errors import CollectionBusyError
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.purge import Guard, purge
from mmrag_pipeline.indexing.purge_request import Request, files_of
from mmrag_pipeline.indexing.receipts import Receipt
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.keepers import Keep, MemoKeeper
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.memory import MemoryMemo
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from tests.indexing.life import DOMAIN, Index, Life

AT = datetime(2026, 3, 1, tzinfo=UTC)
_PARTS = {"raw_files": "digest", "pages": "page_digest", "chunks": "text_digest"}


class Free:
    """A guard whom nobody keeps waiting."""

    def alone(self) -> AbstractContextManager[None]:
        """Wait for nothing."""
        return nullcontext()


class Busy(Free):
    """A guard that a run keeps waiting for too long."""

    def alone(self) -> AbstractContextManager[None]:
        """Raise CollectionBusyError."""
        raise CollectionBusyError("a run is under way")


@dataclass(frozen=True, slots=True)
class Keeper:
    """MemoKeeper whose changes are commits; a stubborn one drops nothing."""

    inner: MemoKeeper
    fuse: Fuse
    stubborn: bool = False

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the missing keys."""
        return self.inner.missing(station, fingerprint, keys)

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return the remembered rows."""
        return self.inner.fetch(station, fingerprint, keys)

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Append a batch: one commit."""
        self.fuse.commit(lambda: self.inner.append(station, fingerprint, partition, rows))

    def shelves(self) -> list[tuple[str, str]]:
        """Return the shelves."""
        return self.inner.shelves()

    def compact(self, station: str, fingerprint: str) -> int:
        """Merge files."""
        return self.inner.compact(station, fingerprint)

    def retain(self, station: str, fingerprint: str, keep: Keep) -> int:
        """Drop entries: one commit."""
        if self.stubborn:
            return self.inner.retain(station, fingerprint, _kept_anyway(keep))
        dropped: list[int] = []
        self.fuse.commit(lambda: dropped.append(self.inner.retain(station, fingerprint, keep)))
        return dropped[0]


def _kept_anyway(keep: Keep) -> Keep:
    def all_of(keys: pl.Series, written_at: datetime) -> pl.Series:
        return keep(keys, written_at) | pl.repeat(True, keys.len(), eager=True)

    return all_of


def keeper_of(life: Life) -> MemoryMemo:
    """Return the memo as upkeep sees it."""
    assert isinstance(life.state.memo, MemoryMemo)
    return life.state.memo


def request(*keys: str, files: Mapping[str, str | None] | None = None) -> Request:
    """Return the wish to purge these keys, or files by id."""
    wanted = files_of(DOMAIN, keys) if files is None else files
    return Request({DOMAIN: wanted}, "a wish", "somebody", AT, "test")


def purged(life: Life, *keys: str, guard: Guard | None = None) -> Receipt:
    """Purge keys and return the receipt."""
    return answered(life, request(*keys), guard=guard)


def answered(
    life: Life, asked: Request, *, keeper: MemoKeeper | None = None, guard: Guard | None = None
) -> Receipt:
    """Purge what is asked, of one domain, and return the receipt."""
    held = keeper or keeper_of(life)
    (receipt,) = purge(life.world(), held, asked, guard=guard or Free())
    return receipt


def purge_until(life: Life, fuse: Fuse, *keys: str) -> bool:
    """Purge with a fuse; return whether the purge was killed."""
    world = life.world(state=frail(life.state, fuse))
    keeper = Keeper(keeper_of(life), fuse)
    try:
        list(purge(world, keeper, request(*keys), guard=Free()))
    except Killed:
        return True
    return False


def without(life: Life, *keys: str) -> Index:
    """Return the index that a rebuild gives whose source never had these files."""
    source = deepcopy(life.source)
    for key in keys:
        source.files[DOMAIN].pop(key, None)
    return replace(life, source=source).rebuild()[0]


def marks_of(life: Life, key: str) -> set[str]:
    """Return the ids, digests and words that only this file has."""
    file = file_id(DOMAIN, key)
    mine = pl.col("file_id") == file
    found = {name: life.state.tables.read(name, DOMAIN) for name in _PARTS}
    own = {v for n, t in found.items() if t is not None for v in t.filter(mine)[_PARTS[n]]}
    others = {v for n, t in found.items() if t is not None for v in t.filter(~mine)[_PARTS[n]]}
    return {file, "sesame", f"'{key}'", *(own - others)}


def traces(life: Life, marks: Iterable[str]) -> set[str]:
    """Return those marks that are still to be found in any store."""
    text = "\n".join(_everything(life))
    return {mark for mark in marks if mark in text}


def _everything(life: Life) -> Iterator[str]:
    """Yield all that tables (but tombstones), memo, collections and inbox hold, as text."""
    world = life.world()
    for name in [*TABLES, *(f"failures.{station}" for station in TABLES)]:
        table = life.state.tables.read(name, DOMAIN)
        yield str(table.to_dicts() if table is not None else "")
    for shelf in keeper_of(life).shelves():
        keys = remembered_keys(keeper_of(life), *shelf)
        yield str(keeper_of(life).fetch(*shelf, keys).drop("vector", strict=False).to_dicts())
    yield str(world.inbox.pending(DOMAIN))
    for collection in world.vectors.layouts():
        yield from map(str, _payloads(world, collection))


def remembered_keys(keeper: MemoKeeper, station: str, fingerprint: str) -> pl.Series:
    """Return the keys on a shelf."""
    found: list[pl.Series] = [pl.Series([], dtype=pl.String)]

    def look(keys: pl.Series, _written_at: datetime) -> pl.Series:
        found.append(keys)
        return pl.repeat(True, keys.len(), eager=True)

    keeper.retain(station, fingerprint, look)
    return pl.concat([keys.alias("key") for keys in found])


def _payloads(world: World, collection: str) -> Iterator[Mapping[str, object]]:
    with world.vectors.reader(collection) as index:
        for batch in list(index.held()):
            yield from (point.payload for point in index.fetch(batch["point_id"].to_list()))


def keys_in(life: Life, collection: str) -> set[str]:
    """Return the keys of the files whose points a collection holds."""
    return {str(payload["key"]) for payload in _payloads(life.world(), collection)}
