"""Shop receipts: a narrow slip with prices down the right side."""

from training.documents.pen import Pen
from training.documents.sheet import Drawing, Sheet

NAMES = ("receipt", "shop receipt", "till receipt", "grocery receipt", "sales slip")


def draw(pen: Pen) -> Drawing:
    """Draw one receipt, sometimes lying on a coloured ground."""
    sheet = Sheet(pen, (pen.whole(180, 240), pen.whole(380, 520)))
    if pen.chance(0.8):
        sheet.face = pen.pick(pen.fonts.monospaced)
    size = pen.whole(11, 14)
    row = head(sheet, size)
    row = items(sheet, row, size)
    row = total(sheet, row, size)
    if pen.chance(0.5):
        row = bars(sheet, row)
    middle = (sheet.width / 2, min(sheet.height - 20, row + 4))
    sheet.text(middle, pen.pick(("THANK YOU", "Thanks!", "Come again")), size=size, anchor="ma")
    return Drawing(sheet.on_desk() if pen.chance(0.4) else sheet.image, NAMES)


def head(sheet: Sheet, size: int) -> float:
    """Write the shop's name and address; return the next row."""
    pen, middle = sheet.pen, sheet.width / 2
    sheet.text((middle, 10), pen.words(2).upper()[:15], size=size * 1.4, anchor="ma")
    row = 12 + size * 1.8
    for _ in range(pen.whole(1, 3)):
        sheet.text((middle, row), pen.words(3)[:22], size=size, anchor="ma")
        row += size + 3
    return dashes(sheet, row, size)


def dashes(sheet: Sheet, row: float, size: int) -> float:
    """Draw a dashed rule; return the next row."""
    sheet.text((8, row), sheet.fitted("-" * 60, sheet.width - 16, size), size=size)
    return row + size + 4


def items(sheet: Sheet, row: float, size: int) -> float:
    """Write goods and prices; return the next row."""
    pen = sheet.pen
    for _ in range(pen.whole(4, 14)):
        if row > sheet.height - 120:
            break
        sheet.text((10, row), pen.words(2)[:14], size=size)
        sheet.text((sheet.width - 10, row), f"{pen.between(0.5, 60):.2f}", size=size, anchor="ra")
        row += size + 4
    return dashes(sheet, row, size)


def total(sheet: Sheet, row: float, size: int) -> float:
    """Write the sum in larger letters; return the next row."""
    amount = f"{sheet.pen.between(5, 200):.2f}"
    sheet.text((10, row), "TOTAL", size=size * 1.3)
    sheet.text((sheet.width - 10, row), amount, size=size * 1.3, anchor="ra")
    return row + size * 2


def bars(sheet: Sheet, row: float) -> float:
    """Draw a strip of bars; return the next row."""
    column = 20
    while column < sheet.width - 20:
        width = sheet.pen.whole(1, 4)
        sheet.block((column, row, column + width, min(sheet.height - 24, row + 34)), sheet.ink)
        column += width + sheet.pen.whole(1, 4) + 1
    return row + 40
