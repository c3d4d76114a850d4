"""Flowcharts: boxes, decisions and arrows, running down or across."""

import math
from itertools import pairwise

from training.documents.pen import WHITE, Pen, Rgb, blend
from training.documents.sheet import Drawing, Sheet

NAMES = (
    "flowchart",
    "flow diagram",
    "process flow chart",
    "workflow diagram with boxes and arrows",
)
Point = tuple[float, float]


def draw(pen: Pen) -> Drawing:
    """Draw one flowchart."""
    sheet = Sheet(pen, pen.landscape() if pen.chance(0.5) else pen.portrait())
    name, accent = pen.hue()
    fill = pen.pick((accent, blend(accent, WHITE, 0.75), WHITE))
    down = sheet.height >= sheet.width or pen.chance(0.4)
    count = pen.whole(3, 5)
    side = pen.pick((0.5, 0.5, 0.36))
    places = [place_of(sheet, (step + 0.5) / count, side, down=down) for step in range(count)]
    box = (sheet.width * 0.32, sheet.height / count * 0.5)
    if not down:
        box = (sheet.width / count * 0.68, sheet.height * 0.22)
    for first, second in pairwise(places):
        arrow(sheet, *facing_edges(first, second, box, down=down))
    for step, middle in enumerate(places):
        inner = 0 < step < count - 1
        shape = pen.pick(
            ("box", "box", "choice", "oval", "round") if inner else ("oval", "round", "box")
        )
        if shape == "choice" and pen.chance(0.8):
            branch(sheet, middle, box, fill, down=down)
        node(sheet, middle, box, shape, fill)
        ink = WHITE if fill == accent else sheet.ink
        sheet.text(
            middle, pen.words(1)[:9], size=max(9, min(box[1] * 0.3, 13)), fill=ink, anchor="mm"
        )
    return Drawing(sheet.image, NAMES, name if fill == accent else "")


def place_of(sheet: Sheet, share: float, side: float, *, down: bool) -> Point:
    """Return the middle of the node at `share` of the way."""
    if down:
        return sheet.width * side, sheet.height * share
    return sheet.width * share, sheet.height * side


def facing_edges(first: Point, second: Point, box: Point, *, down: bool) -> tuple[Point, Point]:
    """Return where an arrow leaves the first node and meets the second."""
    across, along = (0.0, box[1] / 2) if down else (box[0] / 2, 0.0)
    return (first[0] + across, first[1] + along), (second[0] - across, second[1] - along)


def arrow(sheet: Sheet, start: Point, end: Point) -> None:
    """Draw an arrow with a filled head."""
    sheet.line([start, end], sheet.ink, 2)
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    wings = [
        (end[0] - 7 * math.cos(angle + turn), end[1] - 7 * math.sin(angle + turn))
        for turn in (-0.5, 0.5)
    ]
    sheet.draw.polygon([end, *wings], fill=sheet.ink)


def node(sheet: Sheet, middle: Point, box: Point, shape: str, fill: Rgb) -> None:
    """Draw one node."""
    (x, y), (width, height) = middle, box
    edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if shape == "choice":
        tips = [(x, y - height * 0.62), (x + width * 0.6, y), (x, y + height * 0.62)]
        sheet.draw.polygon([*tips, (x - width * 0.6, y)], fill=fill, outline=sheet.ink)
    elif shape == "oval":
        sheet.draw.ellipse(edges, fill=fill, outline=sheet.ink)
    else:
        sheet.block(edges, fill, edge=sheet.ink, round_px=10 if shape == "round" else 0)


def branch(sheet: Sheet, middle: Point, box: Point, fill: Rgb, *, down: bool) -> None:
    """Draw the other way out of a decision."""
    (x, y), (width, height) = middle, box
    small = (width * 0.6, height * 0.8)
    if down:
        goal = (x + sheet.width * 0.32, y)
        arrow(sheet, (x + width * 0.6, y), (goal[0] - small[0] / 2, y))
    else:
        goal = (x, y + sheet.height * 0.32)
        arrow(sheet, (x, y + height * 0.62), (x, goal[1] - small[1] / 2))
    node(sheet, goal, small, "box", fill)
