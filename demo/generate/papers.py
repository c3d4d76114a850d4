"""Receipts and invoices, some turned, slanted, blurred or noisy as scans are."""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from PIL import Image, ImageFilter

from demo.generate.content import DOMAINS, PaperText, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.paint import Face, Pen
from demo.generate.photos import grain

SUFFIXES = ("jpg", "tiff", "png", "jpg")
INK = (40, 40, 44)
DESK = (206, 200, 190)

SCANS: Mapping[str, Callable[[Image.Image, Random], Image.Image]] = {
    "flat": lambda paper, rng: paper,
    "turned_90": lambda paper, rng: paper.transpose(Image.Transpose.ROTATE_90),
    "turned_270": lambda paper, rng: paper.transpose(Image.Transpose.ROTATE_270),
    "upside_down": lambda paper, rng: paper.transpose(Image.Transpose.ROTATE_180),
    "slanted": lambda paper, rng: paper.rotate(
        rng.choice((-4, -3, 3, 4)), Image.Resampling.BICUBIC, expand=True, fillcolor=DESK
    ),
    "blurred": lambda paper, rng: paper.filter(ImageFilter.GaussianBlur(1.1)),
    "noisy": lambda paper, rng: grain(paper, rng, spread=20),
}


def papers() -> Iterator[Item]:
    """Yield every receipt and invoice."""
    listed = load("papers", dict[str, tuple[PaperText, ...]])
    for domain in DOMAINS:
        for place, paper in enumerate(listed[domain]):
            noisy = paper.state == "noisy"
            suffix = "jpg" if noisy else SUFFIXES[place % len(SUFFIXES)]
            key = f"{domain}/papers/scan-{place * 4 + 3:03}.{suffix}"
            picture = SCANS[paper.state](_draw(paper), Random(key))
            yield Item(key, encode(picture, suffix), text=_words(paper))


def total(paper: PaperText) -> str:
    """Return the sum of a paper's lines as printed."""
    return f"{sum(amount for _, amount in paper.lines):.2f}"


def _words(paper: PaperText) -> str:
    rows = [f"{name} {amount:.2f}" for name, amount in paper.lines]
    head = (paper.title, paper.place, f"No. {paper.number}", f"Date {paper.date}")
    return "\n".join((*head, *rows, f"TOTAL {total(paper)}"))


def _draw(paper: PaperText) -> Image.Image:
    wide = paper.title == "INVOICE"
    width = 470 if wide else 430
    picture = Image.new("RGB", (width, 250 + 34 * len(paper.lines)), (253, 252, 248))
    pen = Pen(picture, left=28, top=24, ink=INK)
    pen.line(paper.title, "DejaVuSans-Bold" if wide else "DejaVuSerif", 28)
    pen.line(paper.place, "DejaVuSans", 17)
    pen.line(f"No. {paper.number}", "DejaVuSansMono", 18)
    pen.line(f"Date {paper.date}", "DejaVuSansMono", 18)
    pen.gap(16)
    row_font: tuple[Face, int] = ("DejaVuSans" if wide else "DejaVuSansMono", 18)
    for name, amount in paper.lines:
        pen.row(name, f"{amount:.2f}", right_px=width - 28, font=row_font)
    pen.gap(10)
    pen.row("TOTAL", total(paper), right_px=width - 28, font=("DejaVuSans-Bold", 22))
    return picture
