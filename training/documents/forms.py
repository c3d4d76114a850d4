"""Paper forms: labelled boxes and lines, tick boxes, a place to sign."""

from training.documents.pen import WHITE, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

NAMES = (
    "form",
    "paper form to fill in",
    "application form",
    "questionnaire form",
    "blank form with fields",
)
TITLES = ("Application Form", "Registration Form", "Questionnaire", "Request Form", "Survey")
MARGIN_PX = 22


def draw(pen: Pen) -> Drawing:
    """Draw one form."""
    sheet = Sheet(pen, pen.portrait())
    _, accent = pen.hue()
    size = pen.whole(10, 13)
    ink = pen.pick((sheet.ink, accent))
    sheet.text((MARGIN_PX, 14), pen.pick(TITLES), size=size * 1.7, fill=ink)
    row = 14.0 + size * 3
    while row < sheet.height - 80:
        part = pen.rng.random()
        if part < 0.6:
            row = fields(sheet, row, size)
        elif part < 0.9:
            row = question(sheet, row, size)
        else:
            row = heading(sheet, row, size, accent)
    at = (MARGIN_PX, sheet.height - 30)
    sheet.text(at, "Signature: ____________   Date: ______", size=size)
    return Drawing(sheet.image, NAMES)


def fields(sheet: Sheet, row: float, size: int) -> float:
    """Draw one or two labelled fields side by side; return the next row."""
    pen = sheet.pen
    columns = pen.pick((1, 1, 2))
    width = (sheet.width - 2 * MARGIN_PX - 12 * (columns - 1)) / columns
    low = row + size * 2 + 12
    for column in range(columns):
        left = MARGIN_PX + column * (width + 12)
        sheet.text((left, row), f"{pen.title(2)}:", size=size)
        if pen.chance(0.6):
            fill = pen.pick((WHITE, (244, 246, 250)))
            sheet.block((left, row + size + 4, left + width, low), fill, edge=(120, 121, 126))
        else:
            sheet.line([(left, low), (left + width, low)], (100, 100, 102))
    return low + 10


def question(sheet: Sheet, row: float, size: int) -> float:
    """Draw a question with boxes or circles to tick; return the next row."""
    pen = sheet.pen
    sheet.text((MARGIN_PX, row), f"{pen.words(4).capitalize()}?", size=size)
    row += size + 6
    square = pen.chance(0.5)
    for _ in range(pen.whole(2, 4)):
        box = (MARGIN_PX, row, MARGIN_PX + size, row + size)
        if square:
            sheet.block(box, edge=sheet.ink)
        else:
            sheet.draw.ellipse(box, outline=sheet.ink)
        sheet.text((MARGIN_PX + size + 6, row), pen.words(2), size=size)
        row += size + 6
    return row + 6


def heading(sheet: Sheet, row: float, size: int, accent: Rgb) -> float:
    """Draw a section heading on a filled band; return the next row."""
    sheet.block((MARGIN_PX, row, sheet.width - MARGIN_PX, row + size + 8), accent)
    sheet.text((MARGIN_PX + 4, row + 3), sheet.pen.words(2).upper(), size=size, fill=WHITE)
    return row + size + 16
