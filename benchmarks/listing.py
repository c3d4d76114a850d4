"""What a listing of very many objects costs: the sensor's look, a full run, S3's own pages."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO

import polars as pl

from benchmarks.corpus import DOMAIN
from benchmarks.measure import Finding, in_process, report, show, timed
from demo.local_s3 import KEYS, REGION
from mmrag_pipeline.frames import table_digest
from mmrag_pipeline.ids import digest_text, file_id
from mmrag_pipeline.indexing import raw_files
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.run import Outcome, run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.records import Lineage, ObjectInfo
from mmrag_pipeline.schemas import FAILURES, RAW_FILES
from mmrag_pipeline.sensors.situation import situation
from mmrag_pipeline.stores.aws import AwsAccess, s3_client
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_objects import S3Objects
from mmrag_pipeline.stores.source_store import SourceStore
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State, fake_world

_MODULE = "benchmarks.listing"
_GOAL = "<= 20, <= 2048 MiB"
_BUCKET = "b"
_PAGE = 1_000
_CHANGED, _OTHERS = 10, 5
"""Objects that the table knows as others; that it does not know, and as many that are gone."""
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/>'
    "<KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
)
_ITEM = (
    "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;{}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
    "<ChecksumType>FULL_OBJECT</ChecksumType><Size>1000</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)
"""As S3 writes it; with a size of about 330 bytes most of a page."""


class Listed(FakeSource):
    """A source that was listed before the clock starts."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._listed = [_info(number) for number in range(count)]

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return the listing."""
        del domain, keys, held_at
        return self._listed

    def open(self, domain: str, key: str, *, etag: str = "") -> BinaryIO:
        """Open an object."""
        del domain, etag
        self.opened[key] += 1
        return io.BytesIO(key.encode())


def build(root: Path, count: int) -> Finding:
    """Write raw_files of a listing of some days before."""
    world = _world(root, Listed(count))
    spent = timed(lambda: _build(world))
    return Finding("(writing the table)", spent.seconds, spent.cpu_s, "")


def look(root: Path, count: int) -> Finding:
    """Do what the listing sensor does, the listing at hand."""
    world = _world(root, Listed(count))
    return _looked(world, "the sensor's look, listing at hand")


def run(root: Path, count: int) -> Finding:
    """Do what raw_files does in a full run, the listing at hand."""
    source, outcomes = Listed(count), list[Outcome]()
    world = _world(root, source)
    step, mode = raw_files.STEP, Mode("full")
    spent = timed(lambda: outcomes.extend(run_step(world, step, DOMAIN, mode=mode)))
    notes = {**outcomes[0].changes, "read": source.opened.total()}
    case = "raw_files of a full run, listing at hand"
    return Finding(case, spent.seconds, spent.cpu_s, _GOAL, notes=notes)


def pages(root: Path, count: int) -> Finding:
    """Read S3's pages into objects."""
    del root
    with paging(count) as url:
        source, seen = _bucket(url), list[int]()
        spent = timed(lambda: seen.append(len(source.list(DOMAIN))))
    notes = {"objects": seen[0], "objects/CPU s": round(seen[0] / spent.cpu_s)}
    case = "S3's pages alone, from a local server"
    return Finding(case, spent.seconds, spent.cpu_s, "", notes=notes)


def whole(root: Path, count: int) -> Finding:
    """Do what the listing sensor does over S3's pages."""
    with paging(count) as url:
        world = replace(_world(root, FakeSource()), source=_bucket(url))
        return _looked(world, "the sensor's look over S3's pages")


CASES = {"build": build, "look": look, "pages": pages, "whole": whole, "run": run}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT COUNT."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    count = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    with tempfile.TemporaryDirectory() as root:
        findings = [in_process(_MODULE, name, root, count) for name in CASES]
    show(f"Listing and comparing {count} objects", findings)


@contextmanager
def paging(count: int) -> Iterator[str]:
    """Start a server, in a process of its own, that answers with the pages of a listing."""
    here, there = Pipe()
    server = Process(target=_serve, args=(there, count), daemon=True)
    server.start()
    os.environ.update(KEYS)
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(told: Connection, count: int) -> None:
    """Answer each request with the page that follows the last one, the first after the last."""
    starts = list(range(0, count, _PAGE))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            start = starts.pop(0)
            starts.append(start)
            body = _page(start, min(start + _PAGE, count), more=start + _PAGE < count)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_port)
    server.serve_forever()


def _page(start: int, end: int, *, more: bool) -> bytes:
    items = "".join(_ITEM.format(_key(n), _version(n)) for n in range(start, end))
    rest = f"<NextContinuationToken>t{end}</NextContinuationToken>" if more else ""
    truncated = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
    return f"{_HEAD.format(end - start)}{truncated}{rest}{items}</ListBucketResult>".encode()


def _bucket(url: str) -> SourceStore:
    access = AwsAccess(region=REGION, s3_endpoint_url=url)
    return SourceStore({DOMAIN: S3Place(_BUCKET)}, s3=lambda: S3Objects(lambda: s3_client(access)))


def _world(root: Path, source: FakeSource) -> World:
    return fake_world(source, state=State(tables=ParquetTables(FolderBlobs(root))))


def _looked(world: World, case: str) -> Finding:
    found: list[str] = []
    spent = timed(lambda: found.append(situation(world, DOMAIN)))
    return Finding(case, spent.seconds, spent.cpu_s, _GOAL, notes={"pending": len(found[0])})


def _build(world: World) -> None:
    """Write the table as a run would, with some objects of other versions, absent and gone."""
    listing = raw_files.list_objects(world, DOMAIN)
    number = pl.int_range(pl.len())
    etag = pl.when(number < _CHANGED + _OTHERS).then(pl.lit("1:old")).otherwise("etag")
    before = listing.with_columns(etag=etag).filter(number >= _OTHERS)
    gone = before.tail(_OTHERS).with_columns(key=pl.format("{}.gone", "key"))
    files = pl.concat([before, gone]).sort("key")
    table = files.with_columns(
        pl.Series("file_id", [file_id(DOMAIN, key) for key in files["key"]]),
        pl.Series("digest", [digest_text(key) for key in files["key"]]),
        media_type=pl.lit("image/jpeg"),
        visibility=pl.lit(["public"]),
        indexed_at=pl.lit(_WHEN).cast(RAW_FILES["indexed_at"]),
        expired=pl.lit(False),
    ).select(RAW_FILES.names())
    for name, rows in (
        (failures_of("raw_files"), pl.DataFrame(schema=FAILURES)),
        ("raw_files", table),
    ):
        recipe, digest = raw_files.recipe(world).digest, table_digest(rows)
        lineage = Lineage(name, DOMAIN, digest, rows.height, {}, recipe, {}, "before")
        world.tables.write(rows, lineage)


def _info(number: int) -> ObjectInfo:
    key = _key(number)
    etag = f"{_version(number)}@{int(_WHEN.timestamp())}"
    return ObjectInfo(key, f"s3://{_BUCKET}/{key}", 1_000, etag, _WHEN)


def _key(number: int) -> str:
    return f"2026/07/some-folder/picture-{number:09}.jpg"


def _version(number: int) -> str:
    return f"{number * 7919:032x}"


if __name__ == "__main__":
    main()
