"""Login screens: a small card with two fields and a button."""

from training.documents.pen import WHITE, Pen, Rgb, blend
from training.documents.sheet import Box, Drawing, Sheet

NAMES = ("login screen", "sign in page", "login form screenshot", "password login page")
TITLES = ("Sign in", "Log in", "Welcome back", "Login", "Account login")


def draw(pen: Pen) -> Drawing:
    """Draw one login screen."""
    size = pen.pick((pen.landscape(), (260, 460), (400, 400)))
    sheet = Sheet(pen, size, dark=pen.chance(0.25))
    name, accent = pen.hue()
    if pen.chance(0.35):
        fill = accent if pen.chance(0.6) else blend(accent, WHITE, 0.8)
        sheet.block((0, 0, sheet.width, sheet.height), fill)
    width, height = min(sheet.width * 0.8, pen.whole(190, 260)), pen.whole(212, 250)
    left, top = (sheet.width - width) / 2, (sheet.height - height) / 2
    card = (left, top, left + width, top + height)
    sheet.block(
        card, (46, 48, 54) if sheet.dark else (250, 250, 251), edge=(200, 200, 203), round_px=8
    )
    if pen.chance(0.6):
        sheet.logo((sheet.width / 2 - 14, top + 10), 28, accent)
    sheet.text((sheet.width / 2, top + 44), pen.pick(TITLES), size=17, anchor="ma")
    row = fields(sheet, card)
    sheet.button((left + 16, row + 8, left + width - 16, row + 34), pen.pick(TITLES[:2]), accent)
    if pen.chance(0.6):
        at = (sheet.width / 2, row + 40)
        sheet.text(at, "Forgot password?", size=9, fill=accent, anchor="ma")
    return Drawing(sheet.image, NAMES, name, "button", sheet.dark)


def fields(sheet: Sheet, card: Box) -> float:
    """Draw the two fields; return the next row."""
    pen, (left, top, right, _) = sheet.pen, card
    row = top + 76
    fill: Rgb = (30, 30, 34) if sheet.dark else WHITE
    for label in (pen.pick(("Email", "Username", "User")), "Password"):
        sheet.text((left + 16, row), label, size=10)
        sheet.block((left + 16, row + 13, right - 16, row + 33), fill, edge=(170, 170, 175))
        typed = "•" * 8 if label == "Password" else f"{pen.words(1)}@mail.com"
        sheet.text((left + 22, row + 16), typed, size=11, fill=(130, 130, 133))
        row += 40
    return row
