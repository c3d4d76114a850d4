"""Fonts, emoji and words on pictures."""

from functools import cache
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from demo.generate.content import load

Face = Literal["DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono"]
Colour = tuple[int, int, int]
EMOJI_FONT = "NotoColorEmoji.ttf"
# The only size at which the font holds bitmaps.
EMOJI_PX = 109


@cache
def face(name: Face, size_px: int) -> ImageFont.FreeTypeFont:
    """Return a system font; raises OSError when the font package is not installed."""
    return ImageFont.truetype(f"{name}.ttf", size_px, layout_engine=ImageFont.Layout.BASIC)


@cache
def objects() -> dict[str, str]:
    """Return object name -> emoji."""
    return load("objects", dict[str, str])


@cache
def _glyph(name: str) -> Image.Image:
    font = ImageFont.truetype(EMOJI_FONT, EMOJI_PX, layout_engine=ImageFont.Layout.BASIC)
    canvas = Image.new("RGBA", (220, 220), (0, 0, 0, 0))
    glyph = objects()[name].replace("\ufe0f", "")
    ImageDraw.Draw(canvas).text((30, 30), glyph, font=font, embedded_color=True)
    return canvas.crop(canvas.getbbox())


def sprite(name: str, side_px: int, *, angle: float = 0.0) -> Image.Image:
    """Return the drawing of an object, RGBA, its longer side `side_px` before turning."""
    glyph = _glyph(name)
    scale = side_px / max(glyph.size)
    size = (round(glyph.width * scale), round(glyph.height * scale))
    large = glyph.resize(size, Image.Resampling.LANCZOS)
    return large.rotate(angle, Image.Resampling.BICUBIC, expand=True)


class Pen:
    """Writes lines of text downwards on a picture."""

    def __init__(self, canvas: Image.Image, *, left: int, top: int, ink: Colour) -> None:
        self._draw = ImageDraw.Draw(canvas)
        self.left, self.top, self.ink = left, top, ink

    def line(self, text: str, name: Face, size_px: int) -> None:
        """Write one line and move below it."""
        self._draw.text((self.left, self.top), text, font=face(name, size_px), fill=self.ink)
        self.top += round(size_px * 1.45)

    def row(self, left: str, right: str, *, right_px: int, font: tuple[Face, int]) -> None:
        """Write a line with its amount aligned to `right_px`."""
        place = (right_px, self.top)
        self._draw.text(place, right, font=face(*font), fill=self.ink, anchor="ra")
        self.line(left, *font)

    def gap(self, height_px: int) -> None:
        """Leave room."""
        self.top += height_px
