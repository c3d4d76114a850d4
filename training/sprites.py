"""Renders every concept in every style into arrays of small RGBA sprites."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.concepts import Concept, all_concepts
from training.icons import bake_icons
from training.iconsets import SPRITE_PX, IconifySet, crop_to_sprite, webp_drawer
from training.sources import npm_folder
from training.workspace import Workspace, parse_workspace


@dataclass(frozen=True, slots=True)
class Style:
    """One way of drawing all concepts; `share` is how often it is drawn in training."""

    name: str
    package: str
    share: float
    single_colour: bool = False


TRAINING_STYLES = (
    Style("noto", "@iconify-json/noto", 0.30),
    Style("noto_old", "@iconify-json/noto-v1", 0.16),
    Style("fluent", "@iconify-json/fluent-emoji", 0.10),
    Style("fluent_flat", "@iconify-json/fluent-emoji-flat", 0.15),
    Style("fluent_3d", "@lobehub/fluent-emoji-3d", 0.05),
    Style("fluent_line", "@iconify-json/fluent-emoji-high-contrast", 0.07, single_colour=True),
    Style("fx", "@iconify-json/fxemoji", 0.17),
)
UNSEEN_STYLE = Style("twemoji", "@iconify-json/twemoji", 0.0)
REQUIRED_STYLES = ("noto", "twemoji")

Drawer = Callable[[Concept], Image.Image | None]


def drawer(workspace: Workspace, style: Style) -> Drawer:
    """Return the function that draws a concept in `style`."""
    folder = npm_folder(workspace, style.package)
    if style.name == "fluent_3d":
        return webp_drawer(folder / "assets")
    return IconifySet.read(folder).draw


def bake_style(workspace: Workspace, style: Style) -> NDArray[np.uint8]:
    """Render all candidate concepts in one style; a missing drawing is fully transparent."""
    draw = drawer(workspace, style)
    concepts = all_concepts(workspace)
    baked = np.zeros((len(concepts), SPRITE_PX, SPRITE_PX, 4), np.uint8)
    for index, concept in enumerate(concepts):
        image = draw(concept)
        sprite = None if image is None else crop_to_sprite(image)
        if sprite is not None:
            baked[index] = sprite
    return baked


def bake_all(workspace: Workspace) -> None:
    """Render all styles, keep the concepts every required style has, and save the arrays."""
    styles = (*TRAINING_STYLES, UNSEEN_STYLE)
    with ProcessPoolExecutor(2) as pool:
        arrays = list(pool.map(bake_style, [workspace] * len(styles), styles))
    drawn = {
        style.name: array[..., 3].max((1, 2)) > 0
        for style, array in zip(styles, arrays, strict=True)
    }
    keep = np.flatnonzero(np.logical_and.reduce([drawn[name] for name in REQUIRED_STYLES]))
    concepts = all_concepts(workspace)
    workspace.save_json("concepts", [concepts[index].name for index in keep])
    for style, array in zip(styles, arrays, strict=True):
        workspace.save_array(f"sprites_{style.name}", array[keep].transpose(0, 3, 1, 2))
        print(f"{style.name}: {int(drawn[style.name][keep].sum())} of {len(keep)} concepts")


if __name__ == "__main__":
    chosen = parse_workspace(__doc__)
    bake_all(chosen)
    bake_icons(chosen)
