"""A process that writes points one batch after the other and says how many are safe."""

import sys
from pathlib import Path

from mmrag_pipeline.stores.edge import EdgeVectors
from tests.stores.samples import point

BATCH = 50


def main(root: Path, collection: str) -> None:
    """Write until somebody ends this process."""
    with EdgeVectors(root, lock_timeout_s=10).writer(collection) as writer:
        start = 0
        while True:
            writer.upsert([point(n) for n in range(start, start + BATCH)])
            start += BATCH
            print(start, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
