"""Folders of small pictures and worlds over them: real stores and parsers, stub models."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from mmrag_pipeline.engines.stub import StubCaptioner, StubImageText, StubOcr, StubText
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.parsing.pool import ParserPool
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.folder import FolderStore
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.sparse import StubSparse
from mmrag_pipeline.testing.worlds import Silence

DOMAIN = "bench"


def write_pictures(folder: Path, count: int) -> None:
    """Write `count` different 64 x 64 pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_picture(folder / f"{number:06}.png", number)


def write_picture(path: Path, seed: int) -> None:
    """Write a picture whose pixels are a function of the seed."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(blocks.repeat(8, axis=0).repeat(8, axis=1)).save(path)


@contextmanager
def bench_world(root: Path) -> Iterator[World]:
    """Open the world of `root/files` with its state in `root/home`."""
    settings = Settings.model_validate({"home": root / "home"})
    with ParserPool(settings) as reader:
        yield World(
            settings=settings,
            source=FolderStore({DOMAIN: root / "files"}),
            tables=ParquetTables(settings.home / "tables"),
            memo=ParquetMemo(settings.home / "memo"),
            reader=reader,
            ocr=StubOcr(),
            captioner=StubCaptioner(),
            image_text=StubImageText(512),
            text=StubText(384),
            sparse=StubSparse(),
            vectors=EdgeVectors(settings.home / "collections", settings.lock_timeout_s),
            progress=Silence(),
        )


def index(world: World, run_id: str) -> dict[str, Outcome]:
    """Run every station; return station -> outcome."""
    return {o.station: o for o in run_partition(world, DOMAIN, Mode(run_id))}
