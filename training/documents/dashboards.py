"""Dashboards: a row of figures above several small charts."""

from training.documents import bars, lines, pies
from training.documents.pen import Pen, Rgb
from training.documents.sheet import Box, Drawing, Sheet

NAMES = (
    "dashboard",
    "analytics dashboard",
    "dashboard with several charts",
    "business metrics dashboard",
)
CHARTS = (bars.draw, lines.draw, pies.draw)


def draw(pen: Pen) -> Drawing:
    """Draw one dashboard."""
    sheet = Sheet(pen, pen.pick(((512, 320), (480, 340))), dark=pen.chance(0.35))
    card: Rgb = (50, 52, 62) if sheet.dark else (255, 255, 255)
    if not sheet.dark:
        sheet.block((0, 0, sheet.width, sheet.height), (238, 240, 245))
    for box in row_of_boxes(sheet, pen.whole(3, 4), 8, 64):
        sheet.block(box, card)
        sheet.text((box[0] + 8, 14), pen.title(1)[:9], size=10, fill=(130, 130, 136))
        sheet.text((box[0] + 8, 30), f"{pen.whole(10, 9999)}", size=20, fill=pen.hue()[1])
    rows = pen.pick((1, 2, 2))
    height = (sheet.height - 80) / rows
    for row in range(rows):
        top = 72 + row * height
        for box in row_of_boxes(sheet, pen.whole(2, 3), top, top + height - 8):
            sheet.block(box, card)
            paste_chart(sheet, box)
    return Drawing(sheet.image, NAMES, dark=sheet.dark)


def row_of_boxes(sheet: Sheet, count: int, top: float, bottom: float) -> list[Box]:
    """Return boxes side by side with gaps."""
    step = (sheet.width - 8) / count
    return [(8 + place * step, top, place * step + step, bottom) for place in range(count)]


def paste_chart(sheet: Sheet, box: Box) -> None:
    """Put a small chart into a card."""
    left, top, right, bottom = (int(edge) for edge in box)
    chart = sheet.pen.pick(CHARTS)(sheet.pen).image
    sheet.image.paste(chart.resize((right - left - 8, bottom - top - 8)), (left + 4, top + 4))
