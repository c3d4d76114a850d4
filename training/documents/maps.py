"""Street maps: land, water, parks, roads, a route and pins."""

import math

from training.documents.pen import COLOURS, WHITE, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

NAMES = ("map", "street map", "city map", "road map", "map with roads and pins")
LAND: tuple[Rgb, ...] = ((242, 239, 233), (235, 240, 225), (226, 235, 216))
WATER: tuple[Rgb, ...] = ((170, 211, 223), (150, 195, 235))
ROADS: tuple[Rgb, ...] = ((255, 255, 255), (250, 220, 140), (255, 236, 182))
PARK: Rgb = (190, 222, 170)


def draw(pen: Pen) -> Drawing:
    """Draw one map."""
    sheet = Sheet(pen, pen.landscape())
    sheet.block((0, 0, sheet.width, sheet.height), pen.pick(LAND))
    for _ in range(pen.whole(1, 4)):
        patch(sheet, anywhere(sheet), sheet.width * pen.between(0.08, 0.22), PARK)
    if pen.chance(0.75):
        water(sheet, pen.pick(WATER))
    roads(sheet, pen.pick(ROADS))
    if pen.chance(0.6):
        route = [anywhere(sheet) for _ in range(pen.whole(3, 5))]
        sheet.line(route, COLOURS[pen.pick(("blue", "red"))], 4)
    for _ in range(pen.whole(1, 4)):
        pin(sheet, anywhere(sheet), COLOURS[pen.pick(("red", "blue", "green"))])
    for _ in range(pen.whole(3, 8)):
        sheet.text(anywhere(sheet), pen.title(2), size=pen.whole(8, 14), fill=(90, 90, 96))
    return Drawing(sheet.image, NAMES)


def anywhere(sheet: Sheet) -> tuple[float, float]:
    """Return a random point of the sheet."""
    return sheet.width * sheet.pen.between(0.03, 0.92), sheet.height * sheet.pen.between(0.08, 0.95)


def patch(sheet: Sheet, middle: tuple[float, float], radius: float, fill: Rgb) -> None:
    """Draw an uneven round area."""
    corners = []
    for step in range(14):
        angle, reach = step * math.tau / 14, radius * sheet.pen.between(0.6, 1.2)
        corners.append((middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle)))
    sheet.draw.polygon(corners, fill=fill)


def water(sheet: Sheet, fill: Rgb) -> None:
    """Draw a bay at one side or a river across."""
    pen = sheet.pen
    if pen.chance(0.5):
        shore = (pen.pick((0.0, float(sheet.width))), sheet.height * pen.rng.random())
        patch(sheet, shore, sheet.width * pen.between(0.2, 0.45), fill)
        return
    bends, start = pen.between(2, 5), pen.between(0, 6)
    river = [
        (float(x), sheet.height * (0.5 + 0.3 * math.sin(start + bends * x / sheet.width)))
        for x in range(-20, sheet.width + 40, 20)
    ]
    sheet.line(river, fill, pen.whole(8, 24))


def roads(sheet: Sheet, fill: Rgb) -> None:
    """Draw straight roads with a darker edge."""
    pen, reach = sheet.pen, 900.0
    for _ in range(pen.whole(8, 20)):
        angle, (x, y), width = pen.between(0, math.pi), anywhere(sheet), pen.pick((2, 2, 3, 5, 7))
        across, down = reach * math.cos(angle), reach * math.sin(angle)
        ends = [(x - across, y - down), (x + across, y + down)]
        sheet.line(ends, (200, 195, 186), width + 2)
        sheet.line(ends, fill, width)


def pin(sheet: Sheet, tip: tuple[float, float], fill: Rgb) -> None:
    """Draw a place marker whose tip is at `tip`."""
    x, y = tip
    sheet.draw.polygon([(x - 6, y - 9), (x + 6, y - 9), (x, y)], fill=fill)
    sheet.disc((x, y - 11), 7, fill)
    sheet.disc((x, y - 11), 2.5, WHITE)
