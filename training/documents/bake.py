"""Draws the training documents and the test documents once, into arrays."""

import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.documents.captions import caption
from training.documents.kinds import KINDS
from training.documents.pen import COLOURS, WHITE, Fonts, Pen
from training.sources import debian_root
from training.workspace import Workspace, parse_workspace

DOCUMENT_PX = 144
CAPTIONS_PER_DOCUMENT = 3
TRAINING_PER_KIND, TEST_PER_KIND = 760, 40
TRAINING_SEED, TEST_SEED = 1_000_000, 900_000_000

Baked = tuple[NDArray[np.uint8], dict[str, Any]]


def to_square(pen: Pen, image: Image.Image) -> Image.Image:
    """Squash to a square, or keep the shape and fill up with a plain colour."""
    if pen.chance(0.67):
        return image.resize((DOCUMENT_PX, DOCUMENT_PX), Image.Resampling.LANCZOS)
    scale = DOCUMENT_PX / max(image.size)
    small = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    fill = pen.pick((WHITE, WHITE, (0, 0, 0), (128, 128, 128), image.getpixel((0, 0))))
    square = Image.new("RGB", (DOCUMENT_PX, DOCUMENT_PX), fill)
    square.paste(small, ((DOCUMENT_PX - small.width) // 2, (DOCUMENT_PX - small.height) // 2))
    return square


def bake_one(fonts: Fonts, job: tuple[int, int]) -> Baked:
    """Draw the document of one (kind, seed)."""
    kind, seed = job
    pen = Pen(random.Random(seed), fonts)
    drawing = KINDS[kind].draw(pen)
    captions = [caption(pen, drawing) for _ in range(CAPTIONS_PER_DOCUMENT)]
    record = {"kind": kind, "colour": drawing.colour, "captions": captions}
    return np.asarray(to_square(pen, drawing.image)), record


def jobs(per_kind: int, seed: int) -> Iterator[tuple[int, int]]:
    """Yield (kind, seed), kinds interleaved, seeds distinct."""
    for turn in range(per_kind):
        for kind in range(len(KINDS)):
            yield kind, seed + turn * len(KINDS) + kind


def bake_set(workspace: Workspace, name: str, todo: list[tuple[int, int]]) -> None:
    """Draw all jobs and save images and records under `name`."""
    fonts = Fonts.find(debian_root(workspace))
    with ProcessPoolExecutor(2) as pool:
        baked = list(pool.map(partial(bake_one, fonts), todo, chunksize=46))
    workspace.save_array(name, np.stack([image for image, _ in baked]))
    workspace.save_json(name, [record for _, record in baked])
    print(f"{name}: {len(baked)} documents")


def caption_colour(text: str) -> str:
    """Return the first colour word of a caption, or an empty string."""
    return next((word for word in text.split() if word in COLOURS), "")


def bake_all(workspace: Workspace) -> None:
    """Draw both sets."""
    bake_set(workspace, "documents", list(jobs(TRAINING_PER_KIND, TRAINING_SEED)))
    bake_set(workspace, "documents_test", list(jobs(TEST_PER_KIND, TEST_SEED)))


if __name__ == "__main__":
    bake_all(parse_workspace(__doc__))
