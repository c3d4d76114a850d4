"""Reads drawings out of icon packages: Iconify JSON files and folders of WebP files."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from training.concepts import Concept

SPRITE_PX = 96
RENDER_PX = 160
VISIBLE_ALPHA = 8

Sprite = NDArray[np.uint8]


def render_svg(svg: str) -> Image.Image:
    """Rasterise one SVG document."""
    data = resvg_py.svg_to_bytes(svg_string=svg, width=RENDER_PX)
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


def crop_to_sprite(image: Image.Image) -> Sprite | None:
    """Crop to what is visible and fit it centred into a square; None if nothing is visible."""
    visible = image.getchannel("A").point(lambda alpha: 255 * (alpha > VISIBLE_ALPHA))
    box = visible.getbbox()
    if box is None:
        return None
    cropped = image.crop(box)
    scale = SPRITE_PX / max(cropped.size)
    size = (max(1, round(cropped.width * scale)), max(1, round(cropped.height * scale)))
    # Pillow premultiplies alpha while resizing RGBA, so edges stay clean.
    small = cropped.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SPRITE_PX, SPRITE_PX), (0, 0, 0, 0))
    square.paste(small, ((SPRITE_PX - size[0]) // 2, (SPRITE_PX - size[1]) // 2))
    return np.asarray(square)


@dataclass(frozen=True, slots=True)
class IconifySet:
    """An Iconify package: SVG bodies by name, and for some packages names by hexcode."""

    icons: dict[str, Any]
    by_hexcode: dict[str, str]
    width: int
    height: int

    @classmethod
    def read(cls, folder: Path) -> "IconifySet":
        """Read `icons.json` and `chars.json`; mirrored aliases are left out."""
        data = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        chars = json.loads((folder / "chars.json").read_text(encoding="utf-8"))
        icons = dict(data["icons"])
        for alias, entry in data.get("aliases", {}).items():
            if set(entry) == {"parent"} and entry["parent"] in icons:
                icons[alias] = icons[entry["parent"]]
        return cls(icons, chars, data.get("width", 16), data.get("height", 16))

    def find(self, concept: Concept) -> str | None:
        """Return the icon's name for a concept, by hexcode where known, else by spelling."""
        for code in concept.hexcodes:
            if code in self.by_hexcode:
                return self.by_hexcode[code]
        return next((spelling for spelling in concept.slugs if spelling in self.icons), None)

    def draw(self, concept: Concept) -> Image.Image | None:
        """Rasterise the drawing of `concept`, or return None."""
        name = self.find(concept)
        if name is None or name not in self.icons:
            return None
        icon = self.icons[name]
        width, height = icon.get("width", self.width), icon.get("height", self.height)
        box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"'
        space = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
        return render_svg(f'{head} {space} width="{width}" height="{height}">{icon["body"]}</svg>')


def webp_drawer(folder: Path) -> Callable[[Concept], Image.Image | None]:
    """Return a function that finds `<hexcode>.webp` in `folder`."""

    def draw(concept: Concept) -> Image.Image | None:
        paths = (folder / f"{code}.webp" for code in concept.hexcodes)
        path = next((path for path in paths if path.exists()), None)
        return None if path is None else Image.open(path).convert("RGBA")

    return draw
