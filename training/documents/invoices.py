"""Invoices: a letterhead, an item list with amounts, a total at the lower right."""

from training.documents.pen import WHITE, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

MARGIN_PX = 24


def draw(pen: Pen) -> Drawing:
    """Draw one invoice."""
    sheet = Sheet(pen, pen.portrait())
    name, accent = pen.hue()
    size = pen.whole(9, 12)
    letterhead(sheet, accent)
    row = addresses(sheet, 76, size) + 14
    row = items(sheet, row, size, accent) + 6
    totals(sheet, row, size, accent)
    foot = (MARGIN_PX, sheet.height - 46, sheet.width - MARGIN_PX, sheet.height - 14)
    sheet.paragraph(foot, size=size - 1, fill=(122, 122, 124), breaks=False)
    return Drawing(sheet.image, ("invoice", "bill", "invoice"), name, "logo")


def letterhead(sheet: Sheet, accent: Rgb) -> None:
    """Draw the logo on one side and the word invoice on the other."""
    pen, right = sheet.pen, sheet.width - MARGIN_PX
    band, logo_left = pen.chance(0.3), pen.chance(0.6)
    if band:
        sheet.block((0, 0, sheet.width, 64), accent)
    mark = (MARGIN_PX if logo_left else right - 42, 14)
    sheet.logo(mark, pen.whole(30, 42), WHITE if band else accent)
    word = pen.pick(("INVOICE", "Invoice", "TAX INVOICE", "BILL"))
    ink = WHITE if band else pen.pick((sheet.ink, accent))
    at, anchor = ((right, 18), "ra") if logo_left else ((MARGIN_PX, 18), "la")
    sheet.text(at, word, size=pen.whole(18, 27), fill=ink, anchor=anchor)


def addresses(sheet: Sheet, row: float, size: int) -> float:
    """Write the customer on the left, numbers and dates on the right; return the next row."""
    pen = sheet.pen
    for _ in range(pen.whole(3, 5)):
        sheet.text((MARGIN_PX, row), pen.words(3)[:22], size=size)
        label = f"{pen.pick(('No.', 'Date', 'Due'))} {pen.whole(1000, 99999)}"
        sheet.text((sheet.width - MARGIN_PX, row), label, size=size, anchor="ra")
        row += size + 4
    return row


def items(sheet: Sheet, row: float, size: int, accent: Rgb) -> float:
    """Draw the item list under a filled heading; return the next row."""
    pen, right = sheet.pen, sheet.width - MARGIN_PX
    grey = pen.chance(0.3)
    sheet.block((MARGIN_PX, row, right, row + size + 8), (224, 227, 232) if grey else accent)
    ink = sheet.ink if grey else WHITE
    sheet.text((MARGIN_PX + 4, row + 3), "Description", size=size, fill=ink)
    sheet.text((right - 4, row + 3), "Amount", size=size, fill=ink, anchor="ra")
    row += size + 12
    ruled = pen.chance(0.6)
    for _ in range(pen.whole(3, 9)):
        sheet.text((MARGIN_PX + 4, row), pen.words(3)[:22], size=size)
        sheet.text((sheet.width * 0.64, row), f"{pen.whole(1, 20)}", size=size)
        sheet.text((right - 4, row), f"{pen.between(5, 900):.2f}", size=size, anchor="ra")
        row += size + 6
        if ruled:
            sheet.line([(MARGIN_PX, row - 3), (right, row - 3)], sheet.faint)
    return row


def totals(sheet: Sheet, row: float, size: int, accent: Rgb) -> None:
    """Write subtotal, tax and total."""
    right = sheet.width - MARGIN_PX
    for label in ("Subtotal", "VAT", "Total"):
        sheet.text((sheet.width * 0.58, row), label, size=size)
        amount = f"{sheet.pen.between(50, 3000):.2f}"
        sheet.text((right - 4, row), amount, size=size, anchor="ra")
        row += size + 6
    sheet.block((sheet.width * 0.58, row - 2, right, row), accent)
