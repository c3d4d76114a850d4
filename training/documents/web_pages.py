"""Web pages: browser bar, navigation, a banner and columns of teasers."""

from training.documents.pen import WHITE, Pen, Rgb, blend
from training.documents.sheet import Drawing, Sheet

NAMES = ("web page", "website screenshot", "website homepage", "landing page")


def draw(pen: Pen) -> Drawing:
    """Draw one web page."""
    sheet = Sheet(pen, pen.pick(((480, 360), (512, 400), (420, 480))))
    _, accent = pen.hue()
    row = 0.0
    if pen.chance(0.6):
        sheet.window_bar(22, (222, 225, 230))
        sheet.block((70, 4, sheet.width - 62, 18), WHITE, round_px=6)
        row = 22
    row = navigation(sheet, row, accent)
    if pen.chance(0.7):
        row = banner(sheet, row, accent)
    while row < sheet.height - 40:
        teasers(sheet, row)
        row += 110
    return Drawing(sheet.image, NAMES)


def navigation(sheet: Sheet, row: float, accent: Rgb) -> float:
    """Draw the site's menu; return the next row."""
    pen = sheet.pen
    sheet.block((0, row, sheet.width, row + 30), accent if pen.chance(0.6) else (250, 250, 250))
    sheet.logo((10, row + 6), 18, pen.any_colour())
    for place in range(pen.whole(2, 4)):
        at = (sheet.width - 60 - place * 60, row + 9)
        sheet.text(at, pen.title(1)[:8], size=11, fill=(90, 90, 94))
    return row + 30


def banner(sheet: Sheet, row: float, accent: Rgb) -> float:
    """Draw a wide picture with a headline and a button; return the next row."""
    pen, middle = sheet.pen, sheet.width / 2
    height = sheet.height * pen.between(0.2, 0.32)
    sheet.block((0, row, sheet.width, row + height), blend(accent, WHITE, pen.between(0.2, 0.8)))
    sheet.text((middle, row + height * 0.3), pen.title(3), size=20, anchor="mm")
    top = row + height * 0.55
    sheet.button((middle - 40, top, middle + 40, top + 24), "Learn more", accent)
    return row + height


def teasers(sheet: Sheet, row: float) -> None:
    """Draw a row of pictures with text below."""
    count = sheet.pen.whole(2, 4)
    width = (sheet.width - 20) / count
    for place in range(count):
        left = 14 + place * width
        sheet.block((left, row + 8, left + width - 8, row + 60), sheet.pen.any_colour())
        box = (left, row + 66, left + width - 8, row + 102)
        sheet.paragraph(box, size=9, fill=(82, 82, 86), breaks=False)
