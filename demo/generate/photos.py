"""Product pictures without text: objects in a scene."""

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from demo.generate.backgrounds import SCENES, Scene, Size
from demo.generate.content import DOMAINS, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.paint import sprite

# Nearly square: text detection enlarges the shorter side, so long pictures cost more.
SIZES = ((440, 400), (400, 400), (380, 420), (360, 360), (460, 420))
SUFFIXES = ("jpg", "png", "jpg", "webp", "jpg", "gif", "webp", "jpg", "tiff", "jpg", "bmp")
FIRST_NUMBER = {"electronics": 2041, "outdoor": 6310, "kitchen": 1187, "office": 8502}


def photos() -> Iterator[Item]:
    """Yield every product picture; its name says nothing about what it shows."""
    listed = load("photos", dict[str, tuple[tuple[str, ...], ...]])
    for domain in DOMAINS:
        for place, names in enumerate(listed[domain]):
            number = FIRST_NUMBER[domain] + place * 3
            suffix = SUFFIXES[(place + number) % len(SUFFIXES)]
            key = f"{domain}/photos/IMG_{number}.{suffix}"
            rng = Random(key)
            scene = SCENES[domain][place % len(SCENES[domain])]
            picture = compose(names, scene, rng=rng, size=SIZES[rng.randrange(len(SIZES))])
            yield Item(key, encode(picture, suffix), shows=frozenset(names))


def compose(names: Sequence[str], scene: Scene, *, rng: Random, size: Size) -> Image.Image:
    """Return a picture of these objects side by side in a scene, with shadows and grain."""
    picture = scene(size, rng)
    room = size[0] / len(names)
    for place, name in enumerate(names):
        side = round(min(room, size[1]) * rng.uniform(0.68, 0.82))
        drawing = sprite(name, side, angle=rng.uniform(-14, 14))
        if rng.random() < 0.4:
            drawing = ImageOps.mirror(drawing)
        left = round(room * (place + 0.5) - drawing.width / 2)
        top = round((size[1] - drawing.height) * rng.uniform(0.45, 0.7))
        _put(picture, drawing, left, top)
    return grain(picture, rng, spread=2.5)


def _put(picture: Image.Image, drawing: Image.Image, left: int, top: int) -> None:
    dark = drawing.getchannel("A").point(lambda alpha: alpha // 3)
    shadow = Image.new("L", picture.size)
    shadow.paste(dark, (left + 6, top + 9))
    picture.paste((30, 30, 40), (0, 0), shadow.filter(ImageFilter.GaussianBlur(7)))
    picture.paste(drawing, (left, top), drawing)


def grain(picture: Image.Image, rng: Random, *, spread: float) -> Image.Image:
    """Return the picture with the noise of a sensor, standard deviation in grey levels."""
    noise = np.random.default_rng(rng.getrandbits(32)).normal(
        0, spread, (picture.height, picture.width, 1)
    )
    pixels = np.asarray(picture.convert("RGB")) + noise
    return Image.fromarray(np.clip(pixels.round(), 0, 255).astype(np.uint8))
