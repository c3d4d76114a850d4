"""Settings screens: rows of labels with switches, sliders, lists and ticks."""

from training.documents.pen import WHITE, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

NAMES = (
    "settings screen",
    "preferences window",
    "settings page with toggles",
    "options menu with switches",
)


def draw(pen: Pen) -> Drawing:
    """Draw one settings screen."""
    size = pen.pick((pen.landscape(), (260, 470), (300, 440)))
    sheet = Sheet(pen, size, dark=pen.chance(0.3))
    _, accent = pen.hue()
    left = 10.0
    if sheet.width > 330 and pen.chance(0.7):
        left = sidebar(sheet, accent)
    title = pen.pick(("Settings", "Preferences", "Options", "General"))
    sheet.text((left, 8), title, size=18)
    row, step, ruled = 42, pen.whole(26, 32), pen.chance(0.5)
    while row < sheet.height - 24:
        sheet.text((left, row), pen.words(2).capitalize(), size=12)
        control(sheet, row, accent)
        row += step
        if ruled:
            sheet.line([(left, row - 7), (sheet.width - 10, row - 7)], sheet.faint)
    return Drawing(sheet.image, NAMES, dark=sheet.dark)


def sidebar(sheet: Sheet, accent: Rgb) -> float:
    """Draw a list of sections on the left; return where the content starts."""
    width = sheet.width * 0.26
    sheet.block((0, 0, width, sheet.height), (40, 42, 50) if sheet.dark else (232, 235, 240))
    for place in range(sheet.pen.whole(4, 8)):
        top = 8 + place * 24
        if place == 1:
            sheet.block((4, top, width - 4, top + 20), accent)
        sheet.text((12, top + 2), sheet.pen.title(1), size=11)
    return width + 14


def control(sheet: Sheet, row: float, accent: Rgb) -> None:
    """Draw one control at the right edge."""
    part = sheet.pen.rng.random()
    right = sheet.width - 14.0
    if part < 0.6:
        switch(sheet, right, row, accent)
    elif part < 0.75:
        knob = right - 90 + sheet.pen.between(10, 80)
        sheet.line([(right - 90, row + 8), (right, row + 8)], (180, 180, 182), 3)
        sheet.line([(right - 90, row + 8), (knob, row + 8)], accent, 3)
        sheet.disc((knob, row + 8), 6, accent)
    elif part < 0.9:
        sheet.block((right - 80, row - 1, right, row + 17), edge=(160, 160, 165))
        sheet.text((right - 74, row + 2), sheet.pen.words(1)[:8], size=10)
        arrow = [(right - 14, row + 6), (right - 6, row + 6), (right - 10, row + 11)]
        sheet.draw.polygon(arrow, fill=sheet.ink)
    else:
        sheet.block((right - 14, row, right, row + 14), edge=accent)
        sheet.line([(right - 12, row + 7), (right - 8, row + 11), (right - 2, row + 3)], accent, 2)


def switch(sheet: Sheet, right: float, row: float, accent: Rgb) -> None:
    """Draw a toggle that is on or off."""
    on = sheet.pen.chance(0.55)
    sheet.block((right - 32, row, right, row + 16), accent if on else (175, 178, 184), round_px=8)
    sheet.disc((right - 8 if on else right - 24, row + 8), 7, WHITE)
