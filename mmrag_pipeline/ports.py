"""What stations need from the world; engines and stores provide it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Literal, Protocol, runtime_checkable

import polars as pl

from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.records import (
    Candidate,
    Event,
    Layout,
    Lineage,
    ObjectInfo,
    PagePixels,
    ParsedFile,
    Pending,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    Where,
)


class ObjectStore(Protocol):
    """Raw files by domain and key. A listing that fails raises; it is never just shorter."""

    def domains(self) -> list[str]:
        """Return the domains of the source, sorted; raises ListingError."""
        ...

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return every object of a domain, or those there are of `keys`; sorted by key.

        `held_at` is the address of an object that it had, empty when none is known: it tells a
        domain whose objects are all gone from one that is looked for in the wrong place. Raises
        ListingError.
        """
        ...

    def open(self, domain: str, key: str, *, etag: str = "") -> BinaryIO:
        """Open one object; raises ReadError (`vanished`, `unreadable`, `outside_root`).

        With the `etag` of a listing a store may refuse an object that is another one by now
        (`changed`). What it returns may name its `version` (Versioned).
        """
        ...


@runtime_checkable
class Versioned(Protocol):
    """An open object that knows which version of itself it is."""

    @property
    def version(self) -> str | None:
        """Return the name by which its store gives just these bytes again; None without one."""
        ...


class Inbox(Protocol):
    """Notices of changes that no run has absorbed yet; putting one twice is as once."""

    def put(self, events: Mapping[str, Sequence[Event]]) -> None:
        """Keep events by partition, durably, before it returns; raises StateUnavailableError."""
        ...

    def pending(self, partition: str) -> Pending:
        """Return what is held of a partition; raises StateUnavailableError."""
        ...

    def forget(self, partition: str, tokens: Sequence[str]) -> None:
        """Remove absorbed entries; absent ones are fine."""
        ...

    def partitions(self) -> list[str]:
        """Return the partitions that hold entries, sorted; raises StateUnavailableError."""
        ...


Replaces = Lineage | Literal["anything"] | None
"""What a table may be written in the place of: just this one, none (None), or whatever is there."""


class TableStore(Protocol):
    """One table per name and partition, replaced as a whole."""

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return the table, or None when it was never written.

        Raises CorruptStateError, and OvertakenError when it is replaced again and again.
        """
        ...

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        """Return the rows in order, of these columns only, few at a time; None as `read`.

        All of them are of one version of the table: where it cannot be kept while others replace
        it, the iterator raises OvertakenError. It also raises CorruptStateError, at any time; who
        does not exhaust it closes it. Raises NotFoundError for undeclared columns.
        """
        ...

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        """Replace the table `lineage.table` of `lineage.partition` atomically.

        With `replaces`, the lineage (or absence) of the table that the new one was made from,
        nothing is written in the place of any other table: raises OvertakenError then. So of
        several writers nobody's update is lost, on however many machines they are.
        """
        ...

    def lineage(self, table: str, partition: str) -> Lineage | None:
        """Return what the stored table was made from, without reading its rows."""
        ...


class Memo(Protocol):
    """Append-only results of costly calls, by station, card fingerprint and content."""

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the distinct keys that no partition's memo holds, in input order."""
        ...

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return the remembered rows of these keys (column `key` first), one per key."""
        ...

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Commit one batch of rows (column `key` first) in one new file."""
        ...


class PageReader(Protocol):
    """Bytes to pages and pixels, isolated so that a native crash costs one file."""

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        """Return the pages of a file and what is wrong with the others; raises ParseError."""
        ...

    def pixels(self, data: bytes, rasters: Sequence[str]) -> list[PagePixels]:
        """Return the pixels of some pages of one file, in order; raises ParseError."""
        ...


class CollectionReader(Protocol):
    """An open collection, for questions."""

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Return the best points of one signal, best first; `vector` is one (dimension,) row."""
        ...

    def fetch(self, point_ids: Sequence[str], *, vectors: bool = False) -> list[StoredPoint]:
        """Return the points that exist among these ids, in any order."""
        ...

    def held(self, where: Where | None = None) -> Iterator[pl.DataFrame]:
        """Yield the points that `where` lets through, in COLLECTION's schema, batch by batch."""
        ...

    def count(self) -> int:
        """Return how many points the collection holds."""
        ...


class CollectionWriter(CollectionReader, Protocol):
    """An open collection, for changes; each call is idempotent and survives a killed process."""

    @property
    def exclusive(self) -> bool:
        """Return whether nobody else can have it open for changes."""
        ...

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Keep some texts with the collection, None removes one; marks of other names stay.

        They are kept as durably as points are once they were flushed.
        """
        ...

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write whole points."""
        ...

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace the payload of existing points, vectors untouched.

        With `of` a point is left as it is unless it has the hash named there: its vectors may
        be others by now than those that the new payload tells of.
        """
        ...

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points; absent ids are fine."""
        ...

    def flush(self) -> None:
        """Make what was written so far survive a power cut as well."""
        ...


class Catalog(Protocol):
    """Which collections exist."""

    def names(self) -> Sequence[str]:
        """Return the names of collections, sorted; those of somebody else may be among them."""
        ...

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout."""
        ...

    def create(self, collection: str, layout: Layout) -> None:
        """Create an empty collection; the same name and layout again is fine."""
        ...

    def drop(self, collection: str) -> None:
        """Remove a collection; an absent one is fine."""
        ...

    def marks(self, collection: str) -> Mapping[str, str]:
        """Return the short texts kept with a collection, in use or not; none with an absent one."""
        ...


class Aliases(Protocol):
    """Stable names for the generation that serves."""

    def aliases(self) -> Mapping[str, str]:
        """Return alias -> collection."""
        ...

    def move_alias(self, alias: str, collection: str) -> None:
        """Point an alias at an existing collection, atomically."""
        ...


class Served(Protocol):
    """What a search asks: which collection an alias leads to, how it is laid out, and it itself."""

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout."""
        ...

    def aliases(self) -> Mapping[str, str]:
        """Return alias -> collection."""
        ...

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection (or alias) for questions; raises CollectionBusyError."""
        ...


class VectorStore(Catalog, Aliases, Protocol):
    """Collections, aliases and access to them."""

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection (or alias) for questions; raises CollectionBusyError."""
        ...

    def writer(self, collection: str) -> AbstractContextManager[CollectionWriter]:
        """Open a collection for changes; raises CollectionBusyError."""
        ...


@runtime_checkable
class Weighed(Protocol):
    """A store that knows what its collections take on the disk."""

    def size_bytes(self, collection: str) -> int:
        """Return the bytes of a collection on the disk, 0 for an absent one."""
        ...


class Progress(Protocol):
    """Where a station tells how far it is."""

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Report items done of items to do (a total of 0 means nothing to do)."""
        ...


class Gate(Protocol):
    """Judges a generation before it serves."""

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Return whether collection `candidate` may replace `live`; tells how far it is."""
