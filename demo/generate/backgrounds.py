"""What stands behind an object: studio paper, a table, grass, tiles, stripes, snow."""

import colorsys
from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from demo.generate.paint import Colour

Size = tuple[int, int]
Scene = Callable[[Size, Random], Image.Image]


def pastel(rng: Random, *, lightness: float = 0.86) -> Colour:
    """Return a calm colour."""
    red, green, blue = colorsys.hls_to_rgb(rng.random(), lightness, rng.uniform(0.25, 0.65))
    return round(red * 255), round(green * 255), round(blue * 255)


def blend(first: Colour, second: Colour, share: np.ndarray) -> Image.Image:
    """Return a picture that goes from `first` (share 0) to `second` (share 1)."""
    mix = share[..., None]
    pixels = np.asarray(first) * (1 - mix) + np.asarray(second) * mix
    return Image.fromarray(pixels.round().astype(np.uint8))


def plain(size: Size, rng: Random) -> Image.Image:
    """Return one flat colour."""
    return Image.new("RGB", size, pastel(rng))


def gradient(size: Size, rng: Random) -> Image.Image:
    """Return a slanted gradient."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    lean = rng.uniform(0.2, 0.8)
    return blend(pastel(rng), pastel(rng, lightness=0.7), x * lean + y * (1 - lean))


def studio(size: Size, rng: Random) -> Image.Image:
    """Return a lit spot that darkens towards the corners."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    return blend((250, 250, 248), pastel(rng, lightness=0.62), np.clip(np.hypot(x, y) / 1.5, 0, 1))


def table(size: Size, rng: Random) -> Image.Image:
    """Return a wall above a wooden table top."""
    picture = Image.new("RGB", size, pastel(rng, lightness=0.9))
    draw = ImageDraw.Draw(picture)
    edge = round(size[1] * rng.uniform(0.55, 0.7))
    draw.rectangle((0, edge, *size), fill=(178, 132, 88))
    for top in range(edge, size[1], 14):
        shade = rng.randint(-14, 14)
        draw.line((0, top, size[0], top), fill=(160 + shade, 116 + shade, 74 + shade), width=2)
    return picture


def meadow(size: Size, rng: Random) -> Image.Image:
    """Return a sky with hills and grass."""
    share = np.repeat(np.linspace(0, 1, size[1])[:, None], size[0], axis=1)
    picture = blend((150, 200, 240), (226, 240, 250), share)
    draw = ImageDraw.Draw(picture)
    width, height = size
    for _ in range(3):
        middle, radius = rng.randint(0, width), rng.randint(width // 3, width // 2)
        top = round(height * rng.uniform(0.5, 0.65))
        hill = (120 + rng.randint(-20, 20), 165 + rng.randint(-20, 20), 120)
        draw.ellipse((middle - radius, top, middle + radius, top + 2 * radius), fill=hill)
    draw.rectangle((0, round(height * 0.75), width, height), fill=(112, 172, 92))
    return picture.filter(ImageFilter.GaussianBlur(2))


def tiles(size: Size, rng: Random) -> Image.Image:
    """Return a tiled wall."""
    picture = Image.new("RGB", size, (238, 240, 238))
    draw = ImageDraw.Draw(picture)
    side, colour = rng.randint(56, 84), pastel(rng, lightness=0.8)
    for left in range(0, size[0], side):
        for top in range(0, size[1], side):
            if rng.random() < 0.35:
                draw.rectangle((left + 2, top + 2, left + side - 2, top + side - 2), fill=colour)
    return picture


def stripes(size: Size, rng: Random) -> Image.Image:
    """Return striped cloth."""
    picture = Image.new("RGB", size, pastel(rng, lightness=0.92))
    draw = ImageDraw.Draw(picture)
    colour, step = pastel(rng, lightness=0.82), rng.randint(36, 64)
    for left in range(-size[1], size[0], step):
        draw.line((left, 0, left + size[1], size[1]), fill=colour, width=step // 3)
    return picture


def snow(size: Size, rng: Random) -> Image.Image:
    """Return a pale winter field."""
    share = np.repeat(np.linspace(0, 1, size[1])[:, None], size[0], axis=1)
    picture = blend((170, 196, 220), (246, 250, 253), share)
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, radius = rng.randint(0, size[0]), rng.randint(0, size[1]), rng.randint(1, 3)
        draw.ellipse((x, y, x + radius, y + radius), fill=(255, 255, 255))
    return picture


SCENES: Mapping[str, tuple[Scene, ...]] = {
    "electronics": (studio, gradient, plain, table),
    "outdoor": (meadow, snow, gradient, meadow),
    "kitchen": (table, tiles, stripes, studio),
    "office": (plain, table, gradient, stripes),
}
