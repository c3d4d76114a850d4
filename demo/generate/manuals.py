"""Manuals of several pages: most with a text layer, one scanned."""

import time
from collections.abc import Iterator
from io import BytesIO
from random import Random

from PIL import Image

from demo.generate.content import ManualText, load
from demo.generate.item import Item
from demo.generate.paint import Pen
from demo.generate.pdf import text_pdf
from demo.generate.photos import grain

# A fixed date keeps the bytes of the scanned PDF the same in every run.
MADE_AT = time.struct_time((2024, 5, 6, 9, 30, 0, 0, 127, 0))


def manuals() -> Iterator[Item]:
    """Yield every manual."""
    for manual in load("manuals", dict[str, tuple[ManualText, ...]])["manual"]:
        words = "\n".join(f"{heading}\n{body}" for heading, body in manual.sections)
        data = _scan(manual) if manual.scanned else text_pdf(manual.title, manual.sections)
        text = f"{manual.title}\n{words}"
        yield Item(manual.key, data, text=text, topics=frozenset({manual.title}))


def _scan(manual: ManualText) -> bytes:
    pages = [_page(manual.title, heading, body) for heading, body in manual.sections]
    out = BytesIO()
    pages[0].save(
        out,
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=110,
        creationDate=MADE_AT,
        modDate=MADE_AT,
    )
    return out.getvalue()


def _page(title: str, heading: str, body: str) -> Image.Image:
    page = Image.new("RGB", (560, 400), (250, 247, 238))
    pen = Pen(page, left=46, top=44, ink=(50, 48, 46))
    pen.line(title, "DejaVuSans", 18)
    pen.gap(14)
    pen.line(heading, "DejaVuSerif", 30)
    pen.gap(10)
    for line in body.split("\n"):
        pen.line(line, "DejaVuSerif", 21)
    tilted = page.rotate(0.8, Image.Resampling.BICUBIC, fillcolor=(232, 228, 218))
    return grain(tilted, Random(heading), spread=6)
