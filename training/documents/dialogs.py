"""Dialog boxes: a window over a ground, an icon, a message and buttons."""

from dataclasses import dataclass

from training.documents.pen import COLOURS, WHITE, Pen, Rgb, blend
from training.documents.sheet import Box, Drawing, Sheet


@dataclass(frozen=True, slots=True)
class Tone:
    """What a dialog says: its colour, its sign, its title and its names."""

    colour: str
    sign: str
    title: str
    names: tuple[str, ...]


TONES = (
    Tone("red", "X", "Error", ("error dialog", "error message box", "error popup window")),
    Tone("yellow", "!", "Warning", ("warning dialog", "warning message box", "alert popup")),
    Tone("blue", "?", "Confirm", ("confirmation dialog", "dialog box", "popup asking to confirm")),
    Tone("blue", "i", "Message", ("information dialog", "dialog box", "message box")),
)
GROUNDS: tuple[Rgb, ...] = (
    (90, 120, 150),
    (60, 60, 66),
    (200, 205, 212),
    (0, 120, 130),
    (235, 235, 238),
)


def draw(pen: Pen) -> Drawing:
    """Draw one dialog box."""
    sheet = Sheet(pen, pen.landscape(), dark=pen.chance(0.2))
    tone, ground = pen.pick(TONES), pen.pick(GROUNDS)
    sheet.block((0, 0, sheet.width, sheet.height), ground)
    box = window(sheet, ground)
    left, top, right, bottom = box
    if pen.chance(0.6):
        band = pen.pick(((225, 228, 232), pen.hue()[1]))
        sheet.block((left, top, right, top + 22), band)
        sheet.text((left + 8, top + 4), tone.title, size=12, fill=(40, 40, 42))
        sheet.text((right - 14, top + 4), "x", size=12, fill=(60, 60, 62))
    message(sheet, box, tone)
    accent = pen.hue()[1]
    yes = pen.pick(("OK", "Yes", "Retry", "Delete"))
    sheet.button((right - 78, bottom - 34, right - 14, bottom - 10), yes, accent)
    if pen.chance(0.75):
        no = pen.pick(("Cancel", "No", "Close"))
        place = (right - 152, bottom - 34, right - 88, bottom - 10)
        sheet.button(place, no, (215, 218, 222), ink=(40, 40, 42))
    return Drawing(sheet.image, tone.names)


def window(sheet: Sheet, ground: Rgb) -> Box:
    """Draw the window with its shadow; return its box."""
    pen = sheet.pen
    width = sheet.width * pen.between(0.62, 0.88)
    height = max(110.0, sheet.height * pen.between(0.42, 0.68))
    left, top = (sheet.width - width) / 2, (sheet.height - height) / 2
    shadow = (left + 4, top + 5, left + width + 4, top + height + 5)
    sheet.block(shadow, blend(ground, (0, 0, 0), 0.35))
    box = (left, top, left + width, top + height)
    sheet.block(box, (45, 47, 53) if sheet.dark else (248, 248, 249))
    return box


def message(sheet: Sheet, box: Box, tone: Tone) -> None:
    """Draw the icon and two or three lines beside it."""
    left, top, right, bottom = box
    size = (bottom - top) * 0.2
    x, y = left + 18, top + (bottom - top) * 0.32
    fill = COLOURS[tone.colour]
    middle = (x + size / 2, y + size / 2)
    if tone.sign == "!":
        sheet.draw.polygon([(x, y + size), (middle[0], y), (x + size, y + size)], fill=fill)
    else:
        sheet.disc(middle, size / 2, fill)
    sheet.text(middle, tone.sign, size=size * 0.65, fill=WHITE, anchor="mm")
    for line in range(sheet.pen.whole(2, 3)):
        text = sheet.fitted(sheet.pen.words(7), right - x - size - 26, 12)
        sheet.text((x + size + 12, y + line * 16), text, size=12)
