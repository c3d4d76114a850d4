"""Business cards lying on a coloured ground."""

from training.documents.pen import WHITE, Pen
from training.documents.sheet import Drawing, Sheet

NAMES = ("business card", "visiting card", "contact card")


def draw(pen: Pen) -> Drawing:
    """Draw one business card."""
    sheet = Sheet(pen, (360, 206))
    name, accent = pen.hue()
    mark = accent
    if pen.chance(0.33):
        sheet.block((0, 0, sheet.width, sheet.height), accent)
        sheet.ink = mark = WHITE
    logo_left = pen.chance(0.5)
    sheet.logo((24 if logo_left else sheet.width - 84, 24), pen.whole(36, 60), mark)
    left, top = (150, 40) if logo_left else (24, 70)
    sheet.text((left, top), pen.title(2)[:17], size=20)
    sheet.text((left, top + 26), pen.words(2), size=12)
    for place in range(3):
        end = pen.pick(
            ("@mail.com", f" 555-{pen.whole(1000, 9999)}", f" street {pen.whole(1, 99)}")
        )
        sheet.text((left, 132 + place * 18), f"{pen.words(1)}{end}", size=11)
    return Drawing(sheet.on_desk(), NAMES, name)
