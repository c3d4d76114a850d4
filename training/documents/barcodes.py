"""Barcodes and square QR-like codes; they encode nothing."""

from training.documents.pen import Pen
from training.documents.sheet import Drawing, Sheet

SQUARE_NAMES = ("qr code", "QR code to scan", "2d barcode", "barcode")
STRIPE_NAMES = ("barcode", "product barcode", "bar code label")
FINDER = 7


def draw(pen: Pen) -> Drawing:
    """Draw one code."""
    if pen.chance(0.5):
        sheet = Sheet(pen, (320, 320))
        square(sheet, pen.pick((21, 25, 29, 33)))
        return Drawing(sheet.image, SQUARE_NAMES)
    sheet = Sheet(pen, (360, pen.whole(150, 260)))
    stripes(sheet)
    return Drawing(sheet.image, STRIPE_NAMES)


def square(sheet: Sheet, cells: int) -> None:
    """Draw random cells with a finder mark in three corners."""
    cell = sheet.width * 0.84 / cells
    for row in range(cells):
        for column in range(cells):
            if is_dark(sheet.pen, row, column, cells):
                left, top = sheet.width * 0.08 + column * cell, sheet.width * 0.08 + row * cell
                sheet.block((left, top, left + cell - 0.5, top + cell - 0.5), sheet.ink)


def is_dark(pen: Pen, row: int, column: int, cells: int) -> bool:
    """Tell whether a cell is dark: rings in the finder marks, chance elsewhere."""
    for top, left in ((0, 0), (0, cells - FINDER), (cells - FINDER, 0)):
        down, across = row - top, column - left
        if -1 <= down <= FINDER and -1 <= across <= FINDER:
            ring = max(abs(down - 3), abs(across - 3))
            return ring in (0, 1, 3)
    return pen.chance(0.5)


def stripes(sheet: Sheet) -> None:
    """Draw bars of uneven width with digits below."""
    pen, column = sheet.pen, 24
    while column < sheet.width - 30:
        width = pen.pick((1, 2, 2, 3, 5))
        sheet.block((column, 16, column + width, sheet.height - 40), sheet.ink)
        column += width + pen.pick((2, 2, 3, 4)) + 1
    digits = " ".join(f"{pen.whole(0, 9)}" for _ in range(13))
    sheet.face = pen.pick(pen.fonts.monospaced)
    sheet.text((sheet.width / 2, sheet.height - 34), digits, size=17, anchor="ma")
