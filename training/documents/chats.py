"""Chat screens: bubbles on both sides, a header and an input line."""

from training.documents.pen import WHITE, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

NAMES = (
    "chat conversation",
    "messaging app screenshot",
    "text message conversation",
    "chat window with message bubbles",
)


def draw(pen: Pen) -> Drawing:
    """Draw one conversation."""
    sheet = Sheet(pen, pen.pick(((270, 470), (300, 440), (360, 400))), dark=pen.chance(0.3))
    _, accent = pen.hue()
    grey: Rgb = (52, 54, 60) if sheet.dark else (235, 235, 239)
    sheet.block((0, 0, sheet.width, 32), accent if pen.chance(0.5) else grey)
    sheet.disc((19, 16), 11, pen.any_colour())
    sheet.text((38, 9), pen.title(2), size=13)
    row = 42.0
    while row < sheet.height - 90:
        row = bubble(sheet, row, accent)
    low = sheet.height - 8
    sheet.block((8, low - 26, sheet.width - 46, low), WHITE, edge=(190, 190, 193), round_px=12)
    sheet.disc((sheet.width - 25, low - 13), 13, accent)
    return Drawing(sheet.image, NAMES, dark=sheet.dark)


def bubble(sheet: Sheet, row: float, accent: Rgb) -> float:
    """Draw one message; return the next row."""
    pen = sheet.pen
    mine, width, lines = pen.chance(0.5), sheet.width * pen.between(0.35, 0.72), pen.whole(1, 3)
    height = lines * 15 + 12
    left = sheet.width - 8 - width if mine else 8.0
    other: Rgb = (64, 66, 74) if sheet.dark else (228, 230, 235)
    sheet.block((left, row, left + width, row + height), accent if mine else other, round_px=10)
    ink: Rgb = WHITE if mine or sheet.dark else (50, 50, 54)
    for line in range(lines):
        text = sheet.fitted(pen.words(9), width - 18, 11)
        sheet.text((left + 9, row + 5 + line * 15), text, size=11, fill=ink)
    return row + height + pen.whole(6, 12)
