"""Product cards: a drawing, a name, a code, a price."""

from collections.abc import Iterator
from random import Random

from PIL import Image

from demo.generate.backgrounds import gradient, pastel, studio
from demo.generate.content import DOMAINS, CardText, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.paint import Pen, sprite

SUFFIXES = ("png", "jpg", "webp", "jpg")
INK = (34, 38, 46)


def cards() -> Iterator[Item]:
    """Yield every product card."""
    listed = load("cards", dict[str, tuple[CardText, ...]])
    for domain in DOMAINS:
        for place, card in enumerate(listed[domain]):
            suffix = SUFFIXES[place % len(SUFFIXES)]
            key = f"{domain}/cards/item-{101 + place * 7:04}.{suffix}"
            rng = Random(key)
            picture = _beside(card, rng) if place % 2 else _below(card, rng)
            text = "\n".join((card.name, card.code, card.price, *card.notes))
            yield Item(key, encode(picture, suffix), frozenset({card.object}), text)


def _beside(card: CardText, rng: Random) -> Image.Image:
    picture = Image.new("RGB", (520, 400), (252, 252, 250))
    picture.paste(studio((236, 400), rng), (0, 0))
    _place(picture, card.object, middle=(118, 200), side_px=184)
    _write(picture, card, left=256, top=84)
    return picture


def _below(card: CardText, rng: Random) -> Image.Image:
    picture = Image.new("RGB", (420, 500), pastel(rng, lightness=0.96))
    picture.paste(gradient((420, 240), rng), (0, 0))
    _place(picture, card.object, middle=(210, 120), side_px=190)
    _write(picture, card, left=28, top=262)
    return picture


def _place(picture: Image.Image, name: str, *, middle: tuple[int, int], side_px: int) -> None:
    drawing = sprite(name, side_px)
    place = (middle[0] - drawing.width // 2, middle[1] - drawing.height // 2)
    picture.paste(drawing, place, drawing)


def _write(picture: Image.Image, card: CardText, *, left: int, top: int) -> None:
    pen = Pen(picture, left=left, top=top, ink=INK)
    pen.line(card.name, "DejaVuSans-Bold", 25)
    pen.line(card.code, "DejaVuSansMono", 23)
    pen.gap(10)
    for note in card.notes:
        pen.line(note, "DejaVuSans", 20)
    pen.gap(14)
    pen.line(card.price, "DejaVuSans-Bold", 30)
