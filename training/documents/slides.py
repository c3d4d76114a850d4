"""Presentation slides: a large title, bullet points, sometimes a picture."""

from training.documents.pen import WHITE, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

NAMES = ("presentation slide", "powerpoint slide", "slide with bullet points")


def draw(pen: Pen) -> Drawing:
    """Draw one slide."""
    sheet = Sheet(pen, pen.pick(((512, 288), (480, 360))))
    name, accent = pen.hue()
    manner = pen.pick(("band", "full", "edge"))
    title_ink, ink, dot = WHITE, sheet.ink, accent
    if manner == "band":
        sheet.block((0, 0, sheet.width, sheet.height * 0.2), accent)
    elif manner == "full":
        sheet.block((0, 0, sheet.width, sheet.height), accent)
        ink = dot = (246, 246, 246)
    else:
        sheet.block((0, 0, sheet.width * 0.04, sheet.height), accent)
        title_ink = accent
    at = (sheet.width * 0.07, sheet.height * 0.06)
    sheet.text(at, pen.title(3)[:26], size=sheet.height * 0.085, fill=title_ink)
    picture = pen.chance(0.45)
    bullets(sheet, sheet.width * (0.46 if picture else 0.8), ink, dot)
    if picture:
        box = (sheet.width * 0.62, sheet.height * 0.3, sheet.width * 0.94, sheet.height * 0.8)
        sheet.block(box, pen.any_colour())
    return Drawing(sheet.image, NAMES, "" if manner == "edge" else name)


def bullets(sheet: Sheet, width: float, ink: Rgb, dot: Rgb) -> None:
    """Write two to five points."""
    size, row = sheet.height * 0.05, sheet.height * 0.28
    for _ in range(sheet.pen.whole(2, 5)):
        sheet.disc((sheet.width * 0.085, row + size * 0.6), 3, dot)
        text = sheet.fitted(sheet.pen.words(8), width, size)
        sheet.text((sheet.width * 0.12, row), text, size=size, fill=ink)
        row += sheet.height * 0.12
