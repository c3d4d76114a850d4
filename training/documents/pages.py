"""Pages of running text in one or two columns."""

from training.documents.pen import Pen
from training.documents.sheet import Drawing, Sheet

NAMES = (
    "page of text",
    "text document",
    "printed page",
    "article page",
    "letter",
    "book page",
)


def draw(pen: Pen) -> Drawing:
    """Draw one page."""
    sheet = Sheet(pen, pen.portrait())
    size, margin = pen.whole(8, 13), sheet.width * pen.between(0.06, 0.13)
    top = margin
    if pen.chance(0.7):
        left = margin if pen.chance(0.5) else sheet.width * 0.2
        sheet.text((left, top), pen.title(3), size=size * pen.between(1.5, 2.2))
        top += size * 3
    columns = pen.pick((1, 1, 2))
    width = (sheet.width - 2 * margin - 12 * (columns - 1)) / columns
    for column in range(columns):
        left = margin + column * (width + 12)
        sheet.paragraph((left, top, left + width, sheet.height - margin), size=size)
    return Drawing(sheet.image, NAMES)
