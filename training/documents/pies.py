"""Pie and donut charts."""

import math

from training.documents.pen import HUES, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

PIE_NAMES = ("pie chart", "pie graph", "pie diagram", "pie chart")
RING_NAMES = ("donut chart", "ring chart", "pie chart")


def draw(pen: Pen) -> Drawing:
    """Draw one pie chart."""
    sheet = Sheet(pen, pen.landscape(), dark=pen.chance(0.12))
    colours = [colour for _, colour in pen.hues(pen.whole(2, min(8, len(HUES))))]
    radius = min(sheet.width, sheet.height) * pen.between(0.28, 0.43)
    centre = (
        sheet.width * pen.pick((0.5, 0.5, 0.38, 0.62)),
        sheet.height * pen.between(0.47, 0.56),
    )
    ends = slices(sheet, colours, centre, radius)
    ring = pen.chance(0.25)
    if ring:
        sheet.disc(centre, radius * pen.between(0.4, 0.65), sheet.paper)
    if pen.chance(0.55):
        write_around(sheet, ends, centre, radius)
    elif pen.chance(0.6) or centre[0] != sheet.width * 0.5:
        write_list(sheet, colours, on_left=centre[0] > sheet.width * 0.55)
    if pen.chance(0.6):
        at = (sheet.width * 0.5, sheet.height * 0.05)
        sheet.text(at, pen.title(pen.whole(1, 3)), size=sheet.height * 0.05, anchor="mm")
    return Drawing(sheet.image, RING_NAMES if ring else PIE_NAMES, dark=sheet.dark)


def slices(
    sheet: Sheet, colours: list[Rgb], centre: tuple[float, float], radius: float
) -> list[float]:
    """Draw the slices; return the angle in degrees where each one ends."""
    pen = sheet.pen
    sizes = [pen.between(0.25, 1.5) for _ in colours]
    edge = sheet.paper if pen.chance(0.5) else None
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    angle, ends = pen.pick((0.0, -90.0, pen.between(0, 360))), []
    for size, colour in zip(sizes, colours, strict=True):
        following = angle + 360 * size / sum(sizes)
        sheet.draw.pieslice(box, angle, following, fill=colour, outline=edge, width=2)
        ends.append(following)
        angle = following
    return ends


def write_around(
    sheet: Sheet, ends: list[float], centre: tuple[float, float], radius: float
) -> None:
    """Write a word beside every slice and sometimes a share inside it."""
    shares = sheet.pen.chance(0.5)
    size = max(8, sheet.height * 0.036)
    for start, end in zip([ends[-1] - 360, *ends[:-1]], ends, strict=True):
        angle = math.radians((start + end) / 2)
        across, down = math.cos(angle), math.sin(angle)
        at = (centre[0] + across * radius * 1.1, centre[1] + down * radius * 1.1)
        sheet.text(at, sheet.pen.words(1), size=size, anchor="lm" if across > 0 else "rm")
        if shares:
            inside = (centre[0] + across * radius * 0.6, centre[1] + down * radius * 0.6)
            sheet.text(inside, f"{(end - start) / 3.6:.0f}%", size=size, anchor="mm")


def write_list(sheet: Sheet, colours: list[Rgb], *, on_left: bool) -> None:
    """Draw a legend beside the pie."""
    left = sheet.width * (0.03 if on_left else 0.78)
    for place, colour in enumerate(colours):
        top = sheet.height * (0.15 + 0.09 * place)
        sheet.block((left, top, left + 9, top + 9), colour)
        sheet.text((left + 13, top - 1), sheet.pen.words(1), size=sheet.height * 0.036)
