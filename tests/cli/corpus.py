"""A source of two small domains: pictures with a printed code, texts, a PDF, a broken picture."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.parsing.samples import text_pdf, words

FILES = 7
PICTURES = 2
PAGES = 6
"""One of each file but the broken one."""


def build(root: Path) -> Path:
    """Write the source under `root` and return it."""
    shop, notes = root / "shop", root / "notes"
    for folder in (shop, notes):
        folder.mkdir(parents=True)
    draw_card(shop / "kettle.png", "KX-4711", "red")
    draw_card(shop / "lamp.png", "LM-8832", "blue")
    (shop / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"junk" * 20)
    (shop / "guide.pdf").write_bytes(text_pdf(words(b"Fill the tank before switching on.")))
    (notes / "tea.txt").write_text("Green tea wants water of eighty degrees and two minutes.")
    (notes / "tent.md").write_text("# Tent\n\nPitch it away from the river, corners first.\n")
    (notes / "two\nlines.txt").write_text("A name of two lines is still a name.")
    return root


def draw_card(path: Path, code: str, colour: str) -> None:
    """Write a picture with a coloured disc and a printed code."""
    picture = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 40, 180, 180), fill=colour)
    draw.text((40, 220), code, fill="black", font=ImageFont.load_default(36))
    picture.save(path)
