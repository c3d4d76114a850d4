"""Stores that tell of each call: how long it took, how much it moved, within which span."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import polars as pl

from mmrag_pipeline.metrics import READ_BYTES, SIGNAL_SECONDS, STORE_SECONDS
from mmrag_pipeline.ports import CollectionReader, CollectionWriter
from mmrag_pipeline.records import (
    Candidate,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    Where,
)
from mmrag_pipeline.telemetry import NONE, Attributes, Telemetry


@contextmanager
def told(telemetry: Telemetry, call: str, attributes: Attributes = NONE) -> Iterator[None]:
    """Tell of one call of a store."""
    started = time.perf_counter()
    with telemetry.span(call, attributes):
        try:
            yield
        finally:
            telemetry.record(STORE_SECONDS, time.perf_counter() - started, call)


@dataclass(frozen=True, slots=True)
class _Passing:
    """Asks another store; what is not named here, such as optional abilities, is that one's."""

    inner: Any
    telemetry: Telemetry

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass(frozen=True, slots=True)
class ToldMemo(_Passing):
    """A memo that tells of its calls."""

    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        """Return the keys that are not remembered."""
        with told(self.telemetry, "memo.missing", {"keys": keys.len()}):
            return cast("pl.Series", self.inner.missing(station, fingerprint, keys))

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        """Return what is remembered."""
        with told(self.telemetry, "memo.fetch", {"keys": keys.len()}):
            return cast("pl.DataFrame", self.inner.fetch(station, fingerprint, keys))

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        """Remember rows."""
        with told(self.telemetry, "memo.append", {"rows": rows.height}):
            self.inner.append(station, fingerprint, partition, rows)


@dataclass(frozen=True, slots=True)
class ToldSource(_Passing):
    """Raw files that tell how many bytes of them are read."""

    def open(self, domain: str, key: str, *, etag: str = "") -> BinaryIO:
        """Open a raw file."""
        with told(self.telemetry, "source.open"):
            stream = self.inner.open(domain, key, etag=etag)
        return cast("BinaryIO", ToldStream(stream, self.telemetry, domain))


@dataclass(frozen=True, slots=True)
class ToldStream(_Passing):
    """An open file that tells what is read of it."""

    domain: str

    def read(self, size: int = -1) -> bytes:
        """Read some bytes, and tell how many."""
        data = cast("bytes", self.inner.read(size))
        self.telemetry.record(READ_BYTES, len(data), self.domain)
        return data

    def __enter__(self) -> "ToldStream":
        self.inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.inner.__exit__(*error)


@dataclass(frozen=True, slots=True)
class ToldVectors(_Passing):
    """An index that tells of its calls."""

    @contextmanager
    def reader(self, collection: str) -> Iterator[CollectionReader]:
        """Open a collection for questions."""
        with self.inner.reader(collection) as index:
            yield cast("CollectionReader", ToldReader(index, self.telemetry))

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        """Open a collection for changes."""
        with self.inner.writer(collection) as index:
            yield cast("CollectionWriter", ToldWriter(index, self.telemetry))


@dataclass(frozen=True, slots=True)
class ToldReader(_Passing):
    """An open collection that tells of questions."""

    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        """Ask by one signal."""
        started = time.perf_counter()
        with told(self.telemetry, "vectors.query", {"signal": signal, "limit": limit}):
            found = self.inner.query(signal, vector, limit=limit, where=where)
        self.telemetry.record(SIGNAL_SECONDS, time.perf_counter() - started, signal)
        return cast("list[Candidate]", found)


@dataclass(frozen=True, slots=True)
class ToldWriter(ToldReader):
    """An open collection that tells of changes."""

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write points."""
        with told(self.telemetry, "vectors.upsert", {"points": len(points)}):
            self.inner.upsert(points)

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        """Replace payloads."""
        with told(self.telemetry, "vectors.set_payloads", {"points": len(payloads)}):
            self.inner.set_payloads(payloads, of=of)

    def delete(self, point_ids: Sequence[str]) -> None:
        """Remove points."""
        with told(self.telemetry, "vectors.delete", {"points": len(point_ids)}):
            self.inner.delete(point_ids)

    def flush(self) -> None:
        """Make it survive a power cut."""
        with told(self.telemetry, "vectors.flush"):
            self.inner.flush()


@dataclass(frozen=True, slots=True)
class ToldBlobs(_Passing):
    """A bucket's blobs that tell of requests which move them."""

    def open(self, name: str) -> BinaryIO:
        """Open a blob."""
        with told(self.telemetry, "s3.read", {"blob": name}):
            return cast("BinaryIO", self.inner.open(name))

    def write(self, name: str, fill: Callable[[BinaryIO], None], *, keep_name: bool = True) -> None:
        """Replace a blob."""
        with told(self.telemetry, "s3.put", {"blob": name}):
            self.inner.write(name, fill, keep_name=keep_name)

    def swap(self, name: str, fill: Callable[[BinaryIO], None], is_expected: Any) -> bool:
        """Replace a blob that is the expected one."""
        with told(self.telemetry, "s3.put", {"blob": name}):
            return bool(self.inner.swap(name, fill, is_expected))
