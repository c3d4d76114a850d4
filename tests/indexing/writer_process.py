"""A process that runs one partition over a home on the disk, models and source being fakes.

Arguments: the home, and `KEY=CONTENT` for each file of the source. It says when it begins.
"""

import subprocess
import sys
from collections.abc import Mapping
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
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life

Files = Mapping[str, str]


def started(home: Path, files: Files, *, port: int | None = None) -> subprocess.Popen[str]:
    """Start one; with the gRPC port of a server its index is there."""
    command = [sys.executable, "-m", "tests.indexing.writer_process", str(home), str(port or "")]
    pairs = [f"{key}={content}" for key, content in files.items()]
    return subprocess.Popen([*command, *pairs], stdout=subprocess.PIPE, text=True)


def life_of(home: Path, files: Files, vectors: VectorStore) -> Life:
    """Return a life over tables and memo of a home, and an index."""
    blobs = FolderBlobs(home)
    life = Life(state=State(tables=ParquetTables(blobs), memo=ParquetMemo(blobs), vectors=vectors))
    life.put(**files)
    return life


def index_of(home: Path, port: int | None) -> VectorStore:
    """Return the embedded index of a home, or that of the server at a port."""
    if port is None:
        return EdgeVectors(home / "collections", lock_timeout_s=60)
    return ServerVectors(
        QdrantClient("127.0.0.1", grpc_port=port, prefer_grpc=True, check_compatibility=False)
    )


def main(home: Path, port: int | None, files: Files) -> None:
    """Run once; being overtaken again and again is no failure here."""
    world = life_of(home, files, index_of(home, port)).world()
    print("begins", flush=True)
    try:
        run_partition(world, DOMAIN, Mode("process"))
    except MmragError as error:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    given = [pair.partition("=") for pair in sys.argv[3:]]
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]) if sys.argv[2] else None,
        {key: content for key, _, content in given},
    )
