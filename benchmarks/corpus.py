"""Folders of small pictures and worlds over them: real stores and parsers, stub models."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from mmrag_pipeline.engines.stub import StubCaptioner, StubImageText, StubOcr, StubText
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.model_ports import ImageTextEncoder
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.bm25 import QdrantBm25
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.folder import RACY_NS
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.source_store import SourceStore
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.inbox import MemoryInbox
from mmrag_pipeline.testing.worlds import Silence

DOMAIN = "bench"


def write_pictures(folder: Path, count: int) -> None:
    """Write `count` different 64 x 64 pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_picture(folder / f"{number:06}.png", number)
    settle()


def write_picture(path: Path, seed: int) -> None:
    """Write a picture whose pixels are a function of the seed."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(blocks.repeat(8, axis=0).repeat(8, axis=1)).save(path)


def settle() -> None:
    """Wait until a listing no longer takes files just written for files being written."""
    time.sleep(3 * RACY_NS / 1e9)


@contextmanager
def bench_world(root: Path, image_text: ImageTextEncoder | None = None) -> Iterator[World]:
    """Open the world of `root/files` with its state in `root/home`."""
    settings = Settings.model_validate({"home": root / "home"})
    with ParserPool(settings) as reader:
        yield World(
            settings=settings,
            source=SourceStore({DOMAIN: root / "files"}),
            tables=ParquetTables(FolderBlobs(settings.home)),
            memo=ParquetMemo(FolderBlobs(settings.home)),
            reader=reader,
            ocr=StubOcr(),
            captioner=StubCaptioner(),
            image_text=image_text or StubImageText(512),
            text=StubText(384),
            sparse=QdrantBm25(),
            vectors=EdgeVectors(settings.home / "collections", settings.lock_timeout_s),
            progress=Silence(),
            inbox=MemoryInbox(),
            kept_shards=dict,
        )


def run(root: Path, run_id: str) -> dict[str, Outcome]:
    """Open the world, run every station and close it, parser processes included."""
    with bench_world(root) as world:
        return index(world, run_id)


def index(world: World, run_id: str) -> dict[str, Outcome]:
    """Run every station; return station -> outcome."""
    return {o.station: o for o in run_partition(world, DOMAIN, Mode(run_id))}
