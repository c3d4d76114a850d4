"""A process that writes points one batch after the other and says how many are safe."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qdrant_client import QdrantClient

from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.qdrant_server import ServerVectors
from tests.stores.samples import point

BATCH = 50


@contextmanager
def endless_writer(place: str | int, collection: str) -> Iterator[subprocess.Popen[str]]:
    """Run it on a folder, or on the server at a gRPC port, until it is killed or the block ends."""
    command = [sys.executable, "-m", "tests.stores.endless_writer", str(place), collection]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: subprocess.Popen[str], at_least: int) -> int:
    """Read how many points the process says are written, until there are enough."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= at_least:
            return int(line)
    raise AssertionError("the other process ended early")


def main(place: str, collection: str) -> None:
    """Write until somebody ends this process."""
    with _store(place).writer(collection) as writer:
        start = 0
        while True:
            writer.upsert([point(n) for n in range(start, start + BATCH)])
            start += BATCH
            print(start, flush=True)


def _store(place: str) -> VectorStore:
    if not place.isdecimal():
        return EdgeVectors(Path(place), lock_timeout_s=10)
    ours = "127.0.0.1"
    return ServerVectors(
        QdrantClient(ours, grpc_port=int(place), prefer_grpc=True, check_compatibility=False)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
