"""Stores that let something happen at a chosen commit: a death, or a second run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import (
    CollectionWriter,
    Inbox,
    Memo,
    Replaces,
)
from mmrag_pipeline.records import (
    Event,
    Layout,
    Lineage,
    Pending,
    StoredPoint,
)
from mmrag_pipeline.testing.passed import PassedVectors, PassedWriter
from mmrag_pipeline.testing.worlds import State


class Killed(BaseException):
    """The process is gone: nothing may catch this and go on."""


def die() -> None:
    """Raise Killed."""
    raise Killed


@dataclass(slots=True)
class Fuse:
    """Calls `act` once, just before (or after) the commit number `at`, counted from 1."""

    at: int
    act: Callable[[], None] = die
    late: bool = False
    commits: int = 0
    dead: bool = False
    """Whether the process is gone: nothing is written any more, whoever catches what."""

    def commit(self, write: Callable[[], None]) -> None:
        """Perform one commit."""
        if self.dead:
            raise Killed
        self.commits += 1
        now = self.commits == self.at
        if now and not self.late:
            self._act()
        write()
        if now and self.late:
            self._act()

    def _act(self) -> None:
        try:
            self.act()
        except Killed:
            self.dead = True
            raise


def frail(state: State, fuse: Fuse) -> State:
    """Return the same stores behind a fuse."""
    return State(
        FrailTables(state.tables, fuse),
        FrailMemo(state.memo, fuse),
        FrailVectors(state.vectors, fuse),
        FrailInbox(state.inbox, fuse),
    )


@dataclass(frozen=True, slots=True)
class FrailTables:
    """Tables whose writes are commits."""

    inner: TableCatalog
    fuse: Fuse

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table."""
        return self.inner.read(table, partition)

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Return some columns of the table, few rows at a time."""
        return self.inner.batches(table, partition, columns)

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        """Replace the table: one commit."""
        self.fuse.commit(lambda: self.inner.write(frame, lineage, replaces=replaces))

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return the lineage."""
        return self.inner.lineage(table, partition)

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have the table."""
        return self.inner.partitions(table)

    def drop(self, table: str, partition: str) -> None:
        """Remove the table: one commit."""
        self.fuse.commit(lambda: self.inner.drop(table, partition))


@dataclass(frozen=True, slots=True)
class FrailMemo:
    """Memo whose appends are commits."""

    inner: Memo
    fuse: Fuse

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the missing keys."""
        return self.inner.missing(station, fingerprint, keys)

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return the remembered rows."""
        return self.inner.fetch(station, fingerprint, keys)

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Append a batch: one commit."""
        self.fuse.commit(lambda: self.inner.append(station, fingerprint, partition, rows))


@dataclass(frozen=True, slots=True)
class FrailInbox:
    """Inbox whose changes are commits."""

    inner: Inbox
    fuse: Fuse

    def put(self, events: Mapping[str, Sequence[Event]]) -> None:
        """Keep events: one commit."""
        self.fuse.commit(lambda: self.inner.put(events))

    def pending(self, partition: str) -> Pending:
        """Return what is held of a partition."""
        return self.inner.pending(partition)

    def forget(self, partition: str, tokens: Sequence[str]) -> None:
        """Remove entries: one commit."""
        self.fuse.commit(lambda: self.inner.forget(partition, tokens))

    def partitions(self) -> list[str]:
        """Return the partitions that hold entries."""
        return self.inner.partitions()


@dataclass(frozen=True, slots=True)
class FrailVectors(PassedVectors):
    """VectorStore whose changes are commits."""

    fuse: Fuse

    def create(self, collection: str, layout: Layout) -> None:
        """Create a collection: one commit."""
        self.fuse.commit(lambda: self.inner.create(collection, layout))

    def drop(self, collection: str) -> None:
        """Drop a collection: one commit."""
        self.fuse.commit(lambda: self.inner.drop(collection))

    def move_alias(self, alias: str, collection: str) -> None:
        """Move an alias: one commit."""
        self.fuse.commit(lambda: self.inner.move_alias(alias, collection))

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        """Open for changes."""
        with self.inner.writer(collection) as index:
            yield FrailWriter(index, self.fuse)


@dataclass(frozen=True, slots=True)
class FrailWriter(PassedWriter):
    """CollectionWriter whose changes are commits; an upsert may be cut in two."""

    fuse: Fuse

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write the first half, then the second: two commits."""
        half = len(points) // 2
        for part in (points[:half], points[half:]):
            self._upsert(part)

    def _upsert(self, points: Sequence[StoredPoint]) -> None:
        self.fuse.commit(lambda: self.inner.upsert(points))

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace payloads: one commit."""
        self.fuse.commit(lambda: self.inner.set_payloads(payloads, of=of))

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points: one commit."""
        self.fuse.commit(lambda: self.inner.delete(point_ids))

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Change marks: one commit."""
        self.fuse.commit(lambda: self.inner.set_marks(marks))

    def flush(self) -> None:
        """Bring everything to the disk: one commit."""
        self.fuse.commit(self.inner.flush)
