"""Source code in an editor and commands in a terminal."""

from training.documents.pen import WORDS, Pen, Rgb
from training.documents.sheet import Drawing, Sheet

EDITOR_NAMES = (
    "source code",
    "source code editor",
    "screenshot of program code",
    "code editor screenshot",
    "programming code",
)
TERMINAL_NAMES = ("terminal window", "command line terminal", "console output")
KEYWORDS = ("def", "return", "if", "for", "import", "while", "class", "None")
SIGNS = ("()", "=", "{", "}", "==", "'abc'", "0", "1.5")
TOKENS = (*WORDS, *(KEYWORDS + SIGNS) * 4)
ON_DARK: tuple[Rgb, ...] = (
    (198, 120, 221),
    (97, 175, 239),
    (152, 195, 121),
    (229, 192, 123),
    (224, 108, 117),
    (171, 178, 191),
)
ON_LIGHT: tuple[Rgb, ...] = (
    (160, 30, 140),
    (30, 70, 200),
    (40, 130, 50),
    (170, 90, 20),
    (80, 80, 84),
)
GREEN: Rgb = (80, 220, 100)


def draw(pen: Pen) -> Drawing:
    """Draw one listing."""
    sheet = Sheet(pen, pen.landscape(), dark=pen.chance(0.75))
    sheet.face = pen.pick(pen.fonts.monospaced)
    size, row, number, depth = pen.whole(10, 14), 6.0, 1, 0
    terminal = pen.chance(0.3)
    if pen.chance(0.5):
        sheet.window_bar(20, (60, 62, 68) if sheet.dark else (225, 225, 228))
        row = 26
    while row < sheet.height - size:
        if terminal:
            prompt(sheet, row, size)
        else:
            depth = max(0, min(4, depth + pen.pick((-1, 0, 0, 1))))
            sheet.text((8, row), f"{number}", size=size, fill=(110, 110, 116))
            tokens(sheet, 8 + size * (2 + 1.4 * depth), row, size)
        row += int(size * 1.35)
        number += 1
    return Drawing(sheet.image, TERMINAL_NAMES if terminal else EDITOR_NAMES, dark=sheet.dark)


def tokens(sheet: Sheet, column: float, row: float, size: int) -> None:
    """Write a line of coloured words, or leave it empty."""
    pen = sheet.pen
    for _ in range(pen.whole(1, 6) if pen.chance(0.9) else 0):
        fill = pen.pick(ON_DARK if sheet.dark else ON_LIGHT)
        column += sheet.text((column, row), f"{pen.pick(TOKENS)} ", size=size, fill=fill)


def prompt(sheet: Sheet, row: float, size: int) -> None:
    """Write a prompt with a command, or a line of output."""
    pen = sheet.pen
    bright: Rgb = GREEN if sheet.dark else (20, 110, 40)
    sheet.text((8, row), pen.pick(("$", ">", "", "")), size=size, fill=bright)
    fill = pen.pick((bright, sheet.ink, sheet.ink))
    sheet.text((8 + size * 1.5, row), pen.words(pen.whole(1, 6)), size=size, fill=fill)
