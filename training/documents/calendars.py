"""Month calendars."""

from training.documents.pen import WHITE, Pen, Rgb, blend
from training.documents.sheet import Drawing, Sheet

NAMES = ("calendar", "monthly calendar", "calendar page")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKS, DAYS = 5, 7


def draw(pen: Pen) -> Drawing:
    """Draw one month."""
    sheet = Sheet(pen, pen.landscape() if pen.chance(0.6) else (360, 400))
    name, accent = pen.hue()
    top = sheet.height * pen.between(0.12, 0.2)
    filled = pen.chance(0.6)
    if filled:
        sheet.block((0, 0, sheet.width, top), accent)
    title, middle = f"{pen.pick(MONTHS)} {pen.whole(2000, 2035)}", (sheet.width / 2, top * 0.45)
    sheet.text(middle, title, size=top * 0.42, fill=WHITE if filled else accent, anchor="mm")
    weekday_px = sheet.height * 0.07
    for place, letter in enumerate("MTWTFSS"):
        at = (sheet.width * (place + 0.5) / DAYS, top + weekday_px / 2)
        sheet.text(at, letter, size=weekday_px * 0.6, fill=(110, 110, 112), anchor="mm")
    top += weekday_px
    days(sheet, top, accent)
    if pen.chance(0.6):
        grid(sheet, top)
    return Drawing(sheet.image, NAMES, name)


def days(sheet: Sheet, top: float, accent: Rgb) -> None:
    """Write the days, some ringed, some with an entry."""
    pen = sheet.pen
    cell_w, cell_h, offset = sheet.width / DAYS, (sheet.height - top) / WEEKS, pen.whole(0, 4)
    for day in range(31):
        week, weekday = divmod(day + offset, DAYS)
        left, high = weekday * cell_w, top + week * cell_h
        if pen.chance(0.08):
            fill = blend(accent, WHITE, 0.4)
            sheet.disc((left + cell_w / 2, high + cell_h * 0.4), cell_h * 0.35, fill)
        if pen.chance(0.12):
            entry = (left + 3, high + cell_h * 0.65, left + cell_w - 3, high + cell_h * 0.88)
            sheet.block(entry, pen.any_colour())
        at = (left + cell_w / 2, high + cell_h * 0.4)
        sheet.text(at, f"{day + 1}", size=max(8, cell_h * 0.35), anchor="mm")


def grid(sheet: Sheet, top: float) -> None:
    """Draw lines between the days."""
    for week in range(WEEKS + 1):
        row = top + (sheet.height - top) * week / WEEKS
        sheet.line([(0, row), (sheet.width, row)], sheet.faint)
    for day in range(DAYS + 1):
        column = sheet.width * day / DAYS
        sheet.line([(column, top), (column, sheet.height)], sheet.faint)
