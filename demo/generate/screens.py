"""Settings and error dialogs."""

from collections.abc import Iterator
from random import Random

from PIL import Image, ImageDraw

from demo.generate.backgrounds import gradient
from demo.generate.content import DOMAINS, ScreenText, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.paint import Pen, face

SIZE = (520, 360)
PANEL = (20, 30, 500, 330)
INK = (36, 40, 50)
SUFFIXES = ("png", "webp", "png")


def screens() -> Iterator[Item]:
    """Yield every dialog."""
    listed = load("screens", dict[str, tuple[ScreenText, ...]])
    for domain in DOMAINS:
        for place, screen in enumerate(listed[domain]):
            suffix = SUFFIXES[place]
            key = f"{domain}/screens/capture-{place * 11 + 5:03}.{suffix}"
            text = "\n".join((screen.title, *screen.body, *screen.buttons))
            data = encode(_draw(screen, Random(key)), suffix)
            yield Item(key, data, text=text, topics=screen.topics)


def _draw(screen: ScreenText, rng: Random) -> Image.Image:
    picture = gradient(SIZE, rng)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle(PANEL, 14, fill=(252, 252, 253), outline=(190, 194, 202))
    left = 102 if screen.style == "error" else 48
    pen = Pen(picture, left=left, top=58, ink=INK)
    pen.line(screen.title, "DejaVuSans-Bold", 25)
    pen.gap(8)
    for place, line in enumerate(screen.body):
        if screen.style == "settings":
            _switch(draw, pen.top, on=place % 2 == 0)
        pen.line(line, "DejaVuSans", 18)
        pen.gap(4)
    if screen.style == "error":
        _sign(draw)
    _buttons(draw, screen.buttons)
    return picture


def _switch(draw: ImageDraw.ImageDraw, top: int, *, on: bool) -> None:
    colour = (58, 142, 92) if on else (180, 184, 190)
    draw.rounded_rectangle((430, top, 474, top + 22), 11, fill=colour)
    knob = 454 if on else 434
    draw.ellipse((knob, top + 3, knob + 16, top + 19), fill=(255, 255, 255))


def _sign(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon(((64, 62), (92, 110), (36, 110)), fill=(222, 92, 70))
    draw.rectangle((62, 79, 66, 95), fill=(255, 255, 255))
    draw.rectangle((62, 100, 66, 104), fill=(255, 255, 255))


def _buttons(draw: ImageDraw.ImageDraw, names: tuple[str, ...]) -> None:
    right = 478
    for place, name in enumerate(names):
        width = round(face("DejaVuSans", 17).getlength(name)) + 40
        box = (right - width, 264, right, 302)
        draw.rounded_rectangle(box, 8, fill=(52, 104, 190) if place == 0 else (226, 229, 235))
        ink = (255, 255, 255) if place == 0 else INK
        middle = (right - width / 2, 283)
        draw.text(middle, name, font=face("DejaVuSans", 17), fill=ink, anchor="mm")
        right -= width + 12
