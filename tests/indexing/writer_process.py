"""A process that runs one partition over a home on the disk, models and source being fakes.

Arguments: the home, the gRPC port of a server (or nothing), how many changes the source had before,
and `KEY=CONTENT` for each of its files. It says when it begins.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qdrant_client import QdrantClient

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.qdrant_server import ServerVectors
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life


@dataclass(frozen=True, slots=True)
class Moment:
    """What a source holds at one time."""

    files: Mapping[str, str]
    changes: int
    """Made before: the same key at another moment has another etag."""


def started(home: Path, moment: Moment, *, port: int | None = None) -> subprocess.Popen[str]:
    """Start one; with the gRPC port of a server its index is there."""
    command = [sys.executable, "-m", "tests.indexing.writer_process", str(home), str(port or "")]
    pairs = [f"{key}={content}" for key, content in moment.files.items()]
    return subprocess.Popen(
        [*command, str(moment.changes), *pairs], stdout=subprocess.PIPE, text=True
    )


def life_of(home: Path, moment: Moment, vectors: VectorStore) -> Life:
    """Return a life over tables and memo of a home, and an index."""
    blobs = FolderBlobs(home)
    state = State(tables=ParquetTables(blobs), memo=ParquetMemo(blobs), vectors=vectors)
    life = Life(source=FakeSource(after=moment.changes), state=state)
    life.put(**moment.files)
    return life


def index_of(home: Path, port: int | None) -> VectorStore:
    """Return the embedded index of a home, or that of the server at a port."""
    if port is None:
        return EdgeVectors(home / "collections", lock_timeout_s=60)
    return ServerVectors(
        QdrantClient("127.0.0.1", grpc_port=port, prefer_grpc=True, check_compatibility=False)
    )


def main(home: Path, port: int | None, moment: Moment) -> None:
    """Run once; being overtaken again and again is no failure here."""
    world = life_of(home, moment, index_of(home, port)).world()
    print("begins", flush=True)
    try:
        run_partition(world, DOMAIN, Mode("process"))
    except MmragError as error:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    given = [pair.partition("=") for pair in sys.argv[4:]]
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]) if sys.argv[2] else None,
        Moment({key: content for key, _, content in given}, int(sys.argv[3])),
    )
