"""Small pictures side by side, as one JPEG that fits into a catalog's metadata."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageOps

SHEET_BYTES = 60_000
_ACROSS = 4
_SIDE_PX = 132
_EDGE_PX = 4
_GAP_PX = 6
_PAPER = (246, 245, 242)
_GOOD, _BAD = (47, 143, 122), (200, 84, 54)
_QUALITIES = (80, 65, 50, 30, 10)


@dataclass(frozen=True, slots=True)
class SheetPicture:
    """A JPEG of ours, and whether it shows a right answer (a green edge, else a red one)."""

    jpeg: bytes
    relevant: bool


def contact_sheet(pictures: Sequence[SheetPicture]) -> bytes:
    """Return a JPEG of the pictures in order, rows of four, at most SHEET_BYTES; b"" for none."""
    if not pictures:
        return b""
    cell = _SIDE_PX + _GAP_PX
    rows = -(-len(pictures) // _ACROSS)
    columns = min(len(pictures), _ACROSS)
    sheet = Image.new("RGB", (columns * cell + _GAP_PX, rows * cell + _GAP_PX), _PAPER)
    for number, one in enumerate(pictures):
        down, across = divmod(number, _ACROSS)
        sheet.paste(_edged(one), (across * cell + _GAP_PX, down * cell + _GAP_PX))
    return _within(sheet)


def sheet_markdown(jpeg: bytes, told: str) -> str:
    """Return a sheet as markdown with the picture in it; `told` is ours, and the text beside it."""
    return f"![{told}](data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')})"


def _edged(one: SheetPicture) -> Image.Image:
    inside = _SIDE_PX - 2 * _EDGE_PX
    small = ImageOps.pad(
        Image.open(BytesIO(one.jpeg)).convert("RGB"), (inside, inside), color=_PAPER
    )
    framed = ImageOps.expand(small, _EDGE_PX, fill=_PAPER)
    edge = (0, 0, _SIDE_PX - 1, _SIDE_PX - 1)
    ImageDraw.Draw(framed).rectangle(edge, outline=_GOOD if one.relevant else _BAD, width=_EDGE_PX)
    return framed


def _within(sheet: Image.Image) -> bytes:
    for quality in _QUALITIES:
        out = BytesIO()
        sheet.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= SHEET_BYTES:
            return out.getvalue()
    return _within(sheet.resize((sheet.width // 2, sheet.height // 2)))
