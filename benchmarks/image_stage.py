"""How much of the bare image model's speed the image_vectors stage keeps.

Two models: the shipped one, which is so small that decoding weighs, and one of the size that
teams use (ViT-B-32; random weights, for only the time counts)."""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.corpus import DOMAIN, bench_world, settle
from benchmarks.measure import Spent, show_rows, timed
from mmrag_pipeline.engines.cards import CardShelf
from mmrag_pipeline.engines.compute import Compute, choose_precision
from mmrag_pipeline.engines.openclip import OpenClip
from mmrag_pipeline.engines.openclip_sources import SHIPPED, find_source, import_open_clip
from mmrag_pipeline.engines.openclip_tower import OpenClipTower, load_tower
from mmrag_pipeline.engines.pictures import prepared_batches
from mmrag_pipeline.indexing import pages, raw_files, tiles, vision
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.model_ports import ImageTextEncoder
from mmrag_pipeline.records import Card, Pixels, Vectors
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memo import ParquetMemo

if TYPE_CHECKING:
    import torch

SIZES = {256: 320, 1_000: 16}
"""Side in pixels -> pictures; a larger one is also cut into tiles."""
LARGE = "ViT-B-32"
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Watched:
    """An encoder that keeps the pictures it was given (ports.ImageTextEncoder)."""

    inner: ImageTextEncoder
    seen: list[Pixels]

    @property
    def card(self) -> Card:
        """Return the card of the encoder within."""
        return self.inner.card

    def encode_images(self, pictures: Sequence[Pixels]) -> Vectors:
        """Keep the pictures and encode them."""
        self.seen.extend(pictures)
        return self.inner.encode_images(pictures)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts."""
        return self.inner.encode_texts(texts)


def write_jpegs(folder: Path, side_px: int, count: int) -> None:
    """Write `count` different JPEG pictures of `side_px` a side."""
    folder.mkdir(parents=True)
    for number in range(count):
        dice = np.random.default_rng(number)
        blocks = Image.fromarray(dice.integers(0, 256, (24, 24, 3), dtype=np.uint8))
        picture = blocks.resize((side_px, side_px), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:04}.jpg", quality=88)
    settle()


def stage(world: World, memo: Path) -> None:
    """Make the table image_vectors from files, with nothing remembered."""
    forgetful = replace(world, memo=ParquetMemo(FolderBlobs(memo)))
    mode = Mode("bench", force=True)
    run_step(forgetful, vision.STEP, DOMAIN, mode=mode, only=["image_vectors"])


def bare(tower: OpenClipTower, batches: Sequence["torch.Tensor"]) -> None:
    """Run the torch module alone."""
    import torch

    with torch.inference_mode():
        for batch in batches:
            tower.model.encode_image(batch)


def save_random(folder: Path) -> str:
    """Save a large model with random weights; return its name for MMRAG_IMAGE_MODEL."""
    from safetensors.torch import save_file

    path = folder / "random.safetensors"
    save_file(import_open_clip().create_model(LARGE).state_dict(), path)
    return f"{LARGE}@{path}"


def measured(model: str, side_px: int, count: int) -> list[tuple[str, ...]]:
    """Return the rows of one size: stage, engine and module by turns, medians of the rounds."""
    compute = Compute(precision=choose_precision("auto"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_jpegs(root / "files", side_px, count)
        engine = OpenClip(model, cards=CardShelf(root / "cards"), compute=compute)
        with bench_world(root, image_text=engine) as world:
            pictures = _warmed(world, engine, root)
            works = _works(world, pictures, load_tower(find_source(model), compute), root)
            spent = [{name: timed(work) for name, work in works.items()} for _ in range(ROUNDS)]
    return _rows(f"{side_px} px, {model.partition('@')[0]}", len(pictures), spent)


def _warmed(world: World, engine: OpenClip, root: Path) -> list[Pixels]:
    """Prepare the tables before the stage, run it once, return what its model saw."""
    for step in (raw_files.STEP, pages.STEP, tiles.STEP):
        run_step(world, step, DOMAIN, mode=Mode("bench"))
    watched = Watched(engine, [])
    stage(replace(world, image_text=watched), root / "memo-warm")
    return watched.seen


def _works(
    world: World, pictures: Sequence[Pixels], tower: OpenClipTower, root: Path
) -> dict[str, Callable[[], object]]:
    compute = tower.compute
    size, threads = compute.batch_size, compute.threads
    prepared = prepared_batches(pictures, tower.preprocessing, batch_size=size, threads=threads)
    tensors = [batch.to(compute.dtype) for batch in prepared]
    starts = range(0, len(pictures), size)
    memos = (root / f"memo-{number}" for number in range(ROUNDS))
    return {
        "stage": lambda: stage(world, next(memos)),
        "engine": lambda: [world.image_text.encode_images(pictures[s : s + size]) for s in starts],
        "module": lambda: bare(tower, tensors),
    }


def _rows(size: str, images: int, spent: Sequence[dict[str, Spent]]) -> list[tuple[str, ...]]:
    def ratio(one: str, other: str) -> str:
        return f"{median(turn[other].seconds / turn[one].seconds for turn in spent):.2f}"

    return [
        (
            size,
            name,
            f"{images / median(turn[name].seconds for turn in spent):.1f}",
            f"{1000 * median(turn[name].cpu_s for turn in spent) / images:.1f}",
            ratio(name, "engine"),
            ratio(name, "module"),
        )
        for name in spent[0]
    ]


def main() -> None:
    """Print the table: of all sizes, or of SIDE_PX COUNT."""
    # Where others use the processors, torch's threads else spin away half of what we measure.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sizes = {int(sys.argv[1]): int(sys.argv[2])} if len(sys.argv) == 3 else SIZES
    columns = ("pictures", "what", "images/s", "CPU ms an image", "of engine", "of module")
    with tempfile.TemporaryDirectory() as folder:
        models = (SHIPPED, save_random(Path(folder)))
        rows = [
            row
            for model in models
            for side, count in sizes.items()
            for row in measured(model, side, count)
        ]
    show_rows("The image_vectors stage beside its model (goal: stage >= 0.90)", columns, rows)


if __name__ == "__main__":
    main()
