"""Organization charts: a root box, rows of boxes below it, elbow lines between them."""

from itertools import pairwise

from training.documents.pen import WHITE, Pen, Rgb, blend
from training.documents.sheet import Drawing, Sheet

NAMES = ("organization chart", "org chart", "hierarchy tree diagram", "organisational chart")
Row = list[tuple[float, float]]


def draw(pen: Pen) -> Drawing:
    """Draw one organization chart."""
    sheet = Sheet(pen, pen.landscape())
    name, accent = pen.hue()
    fill = pen.pick((accent, blend(accent, WHITE, 0.7)))
    counts = [1, pen.whole(2, 4), pen.whole(4, 7)][: pen.pick((2, 3, 3))]
    rows: list[Row] = [
        row_of(sheet, count, level, len(counts)) for level, count in enumerate(counts)
    ]
    for parents, children in pairwise(rows):
        connect(sheet, parents, children)
    for row in rows:
        boxes(sheet, row, fill, WHITE if fill == accent else sheet.ink)
    return Drawing(sheet.image, NAMES, name if fill == accent else "")


def row_of(sheet: Sheet, count: int, level: int, levels: int) -> Row:
    """Return the middles of the boxes of one level."""
    y = sheet.height * (level + 0.5) / levels
    return [(sheet.width * (place + 0.5) / count, y) for place in range(count)]


def connect(sheet: Sheet, parents: Row, children: Row) -> None:
    """Draw elbow lines from each child to its parent."""
    for place, (x, y) in enumerate(children):
        above_x, above_y = parents[place * len(parents) // len(children)]
        turn = (above_y + y) / 2
        sheet.line([(above_x, above_y), (above_x, turn), (x, turn), (x, y)], sheet.ink, 2)


def boxes(sheet: Sheet, row: Row, fill: Rgb, ink: Rgb) -> None:
    """Draw the boxes of one level."""
    half = min(sheet.width * 0.2, sheet.width / len(row) * 0.8) / 2
    for x, y in row:
        sheet.block((x - half, y - 16, x + half, y + 16), fill, edge=sheet.ink)
        sheet.text((x, y), sheet.pen.words(1)[:7], size=10, fill=ink, anchor="mm")
