"""Stores that tell of each call: how long it took, how much it moved, within which span."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar, cast

import polars as pl

from mmrag_pipeline.metrics import READ_BYTES, SIGNAL_SECONDS, STORE_SECONDS
from mmrag_pipeline.ports import CollectionReader, CollectionWriter, Memo, ObjectStore, VectorStore
from mmrag_pipeline.records import (
    Candidate,
    Signal,
    SparseVector,
    StoredPoint,
    Vectors,
    Where,
)
from mmrag_pipeline.telemetry import NONE, SILENT, Attributes, Telemetry

T = TypeVar("T")


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
class _ToldMemo(_Passing):
    def missing(self, station: str, fingerprint: str, keys: pl.Series) -> pl.Series:
        with told(self.telemetry, "memo.missing", {"keys": keys.len()}):
            return cast("pl.Series", self.inner.missing(station, fingerprint, keys))

    def fetch(self, station: str, fingerprint: str, keys: pl.Series) -> pl.DataFrame:
        with told(self.telemetry, "memo.fetch", {"keys": keys.len()}):
            return cast("pl.DataFrame", self.inner.fetch(station, fingerprint, keys))

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        with told(self.telemetry, "memo.append", {"rows": rows.height}):
            self.inner.append(station, fingerprint, partition, rows)


@dataclass(frozen=True, slots=True)
class _ToldSource(_Passing):
    def open(self, domain: str, key: str, *, etag: str = "") -> BinaryIO:
        with told(self.telemetry, "source.open"):
            stream = self.inner.open(domain, key, etag=etag)
        return cast("BinaryIO", _ToldStream(stream, self.telemetry, domain))


@dataclass(frozen=True, slots=True)
class _ToldStream(_Passing):
    domain: str

    def read(self, size: int = -1) -> bytes:
        data = cast("bytes", self.inner.read(size))
        self.telemetry.record(READ_BYTES, len(data), self.domain)
        return data

    def __enter__(self) -> "_ToldStream":
        self.inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.inner.__exit__(*error)


@dataclass(frozen=True, slots=True)
class _ToldVectors(_Passing):
    @contextmanager
    def reader(self, collection: str) -> Iterator[CollectionReader]:
        with self.inner.reader(collection) as index:
            yield cast("CollectionReader", _ToldReader(index, self.telemetry))

    @contextmanager
    def writer(self, collection: str) -> Iterator[CollectionWriter]:
        with self.inner.writer(collection) as index:
            yield cast("CollectionWriter", _ToldWriter(index, self.telemetry))


@dataclass(frozen=True, slots=True)
class _ToldReader(_Passing):
    def query(
        self, signal: Signal, vector: Vectors | SparseVector, *, limit: int, where: Where
    ) -> list[Candidate]:
        started = time.perf_counter()
        with told(self.telemetry, "vectors.query", {"signal": signal, "limit": limit}):
            found = self.inner.query(signal, vector, limit=limit, where=where)
        self.telemetry.record(SIGNAL_SECONDS, time.perf_counter() - started, signal)
        return cast("list[Candidate]", found)


@dataclass(frozen=True, slots=True)
class _ToldWriter(_ToldReader):
    def upsert(self, points: Sequence[StoredPoint]) -> None:
        with told(self.telemetry, "vectors.upsert", {"points": len(points)}):
            self.inner.upsert(points)

    def set_payloads(
        self, payloads: Mapping[str, Mapping[str, object]], *, of: Mapping[str, str] | None = None
    ) -> None:
        with told(self.telemetry, "vectors.set_payloads", {"points": len(payloads)}):
            self.inner.set_payloads(payloads, of=of)

    def delete(self, point_ids: Sequence[str]) -> None:
        with told(self.telemetry, "vectors.delete", {"points": len(point_ids)}):
            self.inner.delete(point_ids)

    def flush(self) -> None:
        with told(self.telemetry, "vectors.flush"):
            self.inner.flush()


def told_memo(memo: Memo, telemetry: Telemetry) -> Memo:
    """Return a memo that tells of its calls."""
    return memo if telemetry is SILENT else cast("Memo", _ToldMemo(memo, telemetry))


def told_source(source: ObjectStore, telemetry: Telemetry) -> ObjectStore:
    """Return raw files that tell how many bytes of them are read."""
    return source if telemetry is SILENT else cast("ObjectStore", _ToldSource(source, telemetry))


def told_vectors(vectors: VectorStore, telemetry: Telemetry) -> VectorStore:
    """Return an index that tells of its calls."""
    return vectors if telemetry is SILENT else cast("VectorStore", _ToldVectors(vectors, telemetry))


@dataclass(frozen=True, slots=True)
class _ToldBlobs(_Passing):
    def open(self, name: str) -> BinaryIO:
        with told(self.telemetry, "s3.read", {"blob": name}):
            return cast("BinaryIO", self.inner.open(name))

    def write(self, name: str, fill: Callable[[BinaryIO], None], *, keep_name: bool = True) -> None:
        with told(self.telemetry, "s3.put", {"blob": name}):
            self.inner.write(name, fill, keep_name=keep_name)

    def swap(self, name: str, fill: Callable[[BinaryIO], None], is_expected: Any) -> bool:
        with told(self.telemetry, "s3.put", {"blob": name}):
            return bool(self.inner.swap(name, fill, is_expected))


def told_blobs(blobs: T, telemetry: Telemetry) -> T:
    """Return a bucket's blobs that tell of requests which move them."""
    return blobs if telemetry is SILENT else cast("T", _ToldBlobs(blobs, telemetry))
