"""A bank of grounds to put sprites on: patterns, soft noise, and empty product cards."""

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from training.documents.pen import WHITE, Fonts, Pen, Rgb, blend
from training.documents.sheet import Box, Sheet
from training.sources import debian_root
from training.workspace import Workspace, parse_workspace

GROUND_PX = 144
COUNT = 3200
CARD_SHARE = 0.3
FULL: Box = (0.0, 0.0, 1.0, 1.0)


def stripes(sheet: Sheet, colour: Rgb) -> None:
    """Draw slanted or upright stripes."""
    width, lean = sheet.pen.whole(4, 24), sheet.pen.pick((0, 0, 40, 72))
    for left in range(-2 * GROUND_PX, 2 * GROUND_PX, 2 * width):
        low = [(left + width + lean, GROUND_PX), (left + lean, GROUND_PX)]
        sheet.draw.polygon([(left, 0), (left + width, 0), *low], fill=colour)


def checks(sheet: Sheet, colour: Rgb) -> None:
    """Draw a chessboard."""
    side = sheet.pen.whole(6, 24)
    for row in range(0, GROUND_PX, side):
        for column in range(side * (row // side % 2), GROUND_PX, 2 * side):
            sheet.block((column, row, column + side - 1, row + side - 1), colour)


def dots(sheet: Sheet, colour: Rgb) -> None:
    """Scatter discs in shades between paper and colour."""
    for _ in range(sheet.pen.whole(5, 60)):
        middle = (sheet.pen.whole(0, GROUND_PX), sheet.pen.whole(0, GROUND_PX))
        sheet.disc(
            middle, sheet.pen.whole(2, 30), blend(sheet.paper, colour, sheet.pen.rng.random())
        )


def horizon(sheet: Sheet, colour: Rgb) -> None:
    """Draw a floor and a wall, sharp or blurred."""
    sheet.block((0, sheet.pen.whole(48, 108), GROUND_PX, GROUND_PX), colour)
    if sheet.pen.chance(0.5):
        blur = ImageFilter.GaussianBlur(sheet.pen.between(1, 6))
        sheet.image.paste(sheet.image.filter(blur))


def clouds(sheet: Sheet, colour: Rgb) -> None:
    """Mix two colours by smooth noise, with some grain."""
    pen, generator = sheet.pen, np.random.default_rng(sheet.pen.whole(0, 1 << 30))
    cells = pen.pick((3, 4, 6, 9, 16))
    coarse = Image.fromarray(generator.integers(0, 256, (cells, cells), dtype=np.uint8))
    smooth = coarse.resize((GROUND_PX, GROUND_PX), Image.Resampling.BICUBIC)
    share = np.asarray(smooth)[..., None] / 255.0
    mixed = np.array(sheet.paper) * (1 - share) + np.array(colour) * share
    mixed += generator.normal(0, pen.pick((0.5, 4, 12)), (GROUND_PX, GROUND_PX, 1))
    sheet.image.paste(Image.fromarray(mixed.clip(0, 255).astype(np.uint8)))


def speckles(sheet: Sheet, colour: Rgb) -> None:
    """Fill with blurred coloured noise."""
    del colour
    generator = np.random.default_rng(sheet.pen.whole(0, 1 << 30))
    noise = Image.fromarray(generator.integers(0, 256, (GROUND_PX, GROUND_PX, 3), dtype=np.uint8))
    sheet.image.paste(noise.filter(ImageFilter.GaussianBlur(sheet.pen.between(0.5, 4))))


PATTERNS: tuple[Callable[[Sheet, Rgb], None], ...] = (
    stripes,
    checks,
    dots,
    horizon,
    speckles,
    clouds,
    clouds,
    clouds,
)


def pattern(pen: Pen) -> tuple[Image.Image, Box]:
    """Draw one patterned ground."""
    sheet = Sheet(pen, (GROUND_PX, GROUND_PX))
    sheet.paper, colour = pen.any_colour(), pen.any_colour()
    sheet.block((0, 0, GROUND_PX, GROUND_PX), sheet.paper)
    if pen.chance(0.5):
        colour = blend(sheet.paper, colour, pen.between(0.1, 0.4))
    pen.pick(PATTERNS)(sheet, colour)
    return sheet.image, FULL


def product_card(pen: Pen) -> tuple[Image.Image, Box]:
    """Draw a shop's product card; the box, in shares, is left empty for the product."""
    side = 2 * GROUND_PX
    sheet = Sheet(pen, (side, side), dark=pen.chance(0.2))
    _, accent = pen.hue()
    boxes: tuple[Box, ...] = ((10, 10, 278, 190), (10, 40, 150, 250), (130, 40, 278, 250))
    places = ((14, 198), (160, 50), (14, 50))
    layout = pen.whole(0, 2)
    box, (left, top) = boxes[layout], places[layout]
    fill = pen.pick((sheet.paper, sheet.paper, (238, 240, 243), blend(accent, WHITE, 0.75)))
    sheet.block(
        box, WHITE if sheet.dark and pen.chance(0.5) else fill, edge=pen.pick((None, sheet.faint))
    )
    width = 260 if layout == 0 else 116
    price_ink = pen.pick((accent, sheet.ink))
    sheet.text((left, top), sheet.fitted(pen.title(2), width, 17), size=17)
    sheet.text(
        (left, top + 22), sheet.fitted(pen.words(5), width, 11), size=11, fill=(130, 130, 134)
    )
    price = f"{pen.pick(('$', '€', '£'))}{pen.between(1, 900):.2f}"
    sheet.text((left, top + 40), price, size=20, fill=price_ink)
    if layout:
        sheet.paragraph((left, top + 70, left + width, top + 150), size=10, breaks=False)
    if pen.chance(0.7):
        x, y = (left, top + 158) if layout else (190, top + 46)
        label = pen.pick(("Buy now", "Add to cart", "Order"))
        sheet.button((x, y, x + 80, y + 24), label, accent)
    small = sheet.image.resize((GROUND_PX, GROUND_PX), Image.Resampling.LANCZOS)
    x0, y0, x1, y1 = (edge / side for edge in box)
    return small, (x0, y0, x1, y1)


def bake_backgrounds(workspace: Workspace) -> None:
    """Draw the bank and save images, boxes and which of them are cards."""
    pen = Pen(random.Random(5), Fonts.find(debian_root(workspace)))
    cards = [pen.chance(CARD_SHARE) for _ in range(COUNT)]
    drawn = [(product_card if card else pattern)(pen) for card in cards]
    workspace.save_array("grounds", np.stack([np.asarray(image) for image, _ in drawn]))
    workspace.save_array("ground_boxes", np.array([box for _, box in drawn], np.float32))
    workspace.save_array("ground_is_card", np.array(cards))
    print(f"{COUNT} grounds, {sum(cards)} of them cards")


if __name__ == "__main__":
    bake_backgrounds(parse_workspace(__doc__))
