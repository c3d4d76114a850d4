"""Bakes the evaluation pictures once: clean galleries, held-out composites, documents, charts."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.charts_elsewhere import IMAGE_PX, bake_charts
from training.composites import load_composites
from training.compositor import Compositor
from training.dice import Dice
from training.drawings import Drawings
from training.grounds import Grounds
from training.sprites import TRAINING_STYLES, UNSEEN_STYLE, Style
from training.workspace import Workspace, parse_workspace

SPRITE_ON_PAGE_PX, MARGIN_PX = 72, 8
CHUNK = 100


def on_white(sprite: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return one sprite (4, h, w) on a white page of (128, 128, 3)."""
    image = Image.fromarray(np.ascontiguousarray(sprite.transpose(1, 2, 0)))
    small = image.resize((SPRITE_ON_PAGE_PX,) * 2, Image.Resampling.LANCZOS)
    page = Image.new("RGB", (SPRITE_ON_PAGE_PX + 2 * MARGIN_PX,) * 2, "white")
    page.paste(small, (MARGIN_PX, MARGIN_PX), small)
    return np.asarray(page.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BICUBIC))


def bake_gallery(workspace: Workspace, style: Style) -> None:
    """Put every concept of a style on white."""
    sprites = workspace.load_array(f"sprites_{style.name}")
    pages = np.stack([on_white(sprite) for sprite in sprites])
    workspace.save_array(f"eval_{style.name}", pages)


def bake_composites(workspace: Workspace, name: str, styles: tuple[Style, ...]) -> None:
    """Draw the held-out composites in the given styles."""
    drawings = Drawings(workspace, styles, icons=False)
    compositor = Compositor(drawings, Grounds(workspace), Dice(4242))
    composites = load_composites(workspace, "composites_test")
    parts = []
    for start in range(0, len(composites), CHUNK):
        pictures = compositor.composites(composites[start : start + CHUNK]).clamp(0, 1)
        parts.append((pictures * 255).round().byte().permute(0, 2, 3, 1).numpy())
    workspace.save_array(name, np.concatenate(parts))


def bake_documents(workspace: Workspace) -> None:
    """Shrink the test documents to the evaluation size."""
    documents = workspace.load_array("documents_test")
    size = (IMAGE_PX, IMAGE_PX)
    small = [Image.fromarray(d).resize(size, Image.Resampling.LANCZOS) for d in documents]
    workspace.save_array("eval_documents", np.stack([np.asarray(image) for image in small]))


def bake_evaluation(workspace: Workspace) -> None:
    """Bake all evaluation pictures."""
    for style in (TRAINING_STYLES[0], UNSEEN_STYLE):
        bake_gallery(workspace, style)
    bake_composites(workspace, "eval_composites", TRAINING_STYLES)
    bake_composites(workspace, "eval_composites_unseen_style", (UNSEEN_STYLE,))
    bake_documents(workspace)
    bake_charts(workspace)


if __name__ == "__main__":
    bake_evaluation(parse_workspace(__doc__))
