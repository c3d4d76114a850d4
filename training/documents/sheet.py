"""A page to draw on: a Pillow image with a typeface, an ink and the few shapes drawings share."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from training.documents.pen import WHITE, Pen, Rgb, blend, open_font

LIGHT_PAPERS: tuple[Rgb, ...] = (
    *(((255, 255, 255),) * 5),
    (250, 248, 240),
    (245, 246, 248),
    (253, 250, 234),
    (238, 240, 244),
)
DARK_PAPERS: tuple[Rgb, ...] = ((28, 30, 36), (18, 18, 19), (38, 41, 58))
SMALLEST_TEXT_PX = 7

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture and what can be said about it.

    `colour` is the colour of the whole thing, or of `part` where that is set.
    """

    image: Image.Image
    names: tuple[str, ...]
    colour: str = ""
    part: str = ""
    dark: bool = False


class Sheet:
    """An image being drawn; all measures are in pixels."""

    def __init__(self, pen: Pen, size: tuple[int, int], *, dark: bool = False) -> None:
        self.pen = pen
        self.width, self.height = size
        self.dark = dark
        self.paper = pen.pick(DARK_PAPERS if dark else LIGHT_PAPERS)
        self.ink: Rgb = (226, 226, 228) if dark else pen.pick(((20, 20, 22), (45, 45, 50)))
        self.faint = blend(self.paper, self.ink, 0.18)
        self.image = Image.new("RGB", size, self.paper)
        self.draw = ImageDraw.Draw(self.image)
        self.face: Path = pen.typeface()

    def text(
        self,
        at: tuple[float, float],
        text: str,
        *,
        size: float,
        fill: Rgb | None = None,
        anchor: str = "la",
    ) -> float:
        """Write one line; return its width. `anchor` is Pillow's two-letter anchor."""
        font = open_font(self.face, max(SMALLEST_TEXT_PX, int(size)))
        self.draw.text(at, text, font=font, fill=fill or self.ink, anchor=anchor)
        return font.getlength(text)

    def fitted(self, text: str, width: float, size: float) -> str:
        """Shorten `text` until it fits `width`."""
        length = open_font(self.face, max(SMALLEST_TEXT_PX, int(size))).getlength
        if length(text) <= width:
            return text
        return text[: bisect_right(range(len(text)), width, key=lambda end: length(text[:end])) - 1]

    def paragraph(
        self, box: Box, *, size: float, fill: Rgb | None = None, breaks: bool = True
    ) -> None:
        """Fill `box` with lines of words; `breaks` ends some lines early."""
        left, top, right, bottom = box
        step = size * self.pen.between(1.2, 1.6)
        while top + size <= bottom:
            line = self.fitted(self.pen.words(26), right - left, size)
            ends = breaks and self.pen.chance(0.15)
            if ends:
                line = line[: int(len(line) * self.pen.between(0.2, 0.8))]
            self.text((left, top), line, size=size, fill=fill)
            top += step * (1.5 if ends else 1)

    def block(
        self, box: Box, fill: Rgb | None = None, *, edge: Rgb | None = None, round_px: float = 0
    ) -> None:
        """Draw a rectangle, with round corners if asked."""
        left, top, right, bottom = box
        shape = (left, top, max(left, right), max(top, bottom))
        if round_px:
            self.draw.rounded_rectangle(shape, round_px, fill=fill, outline=edge)
        else:
            self.draw.rectangle(shape, fill=fill, outline=edge)

    def disc(self, centre: tuple[float, float], radius: float, fill: Rgb) -> None:
        """Draw a filled circle."""
        x, y = centre
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def line(self, points: Sequence[tuple[float, float]], fill: Rgb, width: int = 1) -> None:
        """Draw connected straight lines."""
        self.draw.line(list(points), fill=fill, width=width, joint="curve")

    def button(self, box: Box, label: str, fill: Rgb, *, ink: Rgb = WHITE) -> None:
        """Draw a push button."""
        left, top, right, bottom = box
        self.block(box, fill, round_px=self.pen.pick((2, 4, 8)))
        middle = ((left + right) / 2, (top + bottom) / 2)
        self.text(middle, label, size=(bottom - top) * 0.45, fill=ink, anchor="mm")

    def logo(self, at: tuple[float, float], size: float, fill: Rgb) -> None:
        """Draw a simple mark: disc, square, triangle or ring."""
        x, y = at
        middle = (x + size / 2, y + size / 2)
        shape = self.pen.whole(0, 3)
        if shape == 1:
            self.block((x, y, x + size, y + size), fill)
        elif shape == 2:
            self.draw.polygon([(x, y + size), (x + size / 2, y), (x + size, y + size)], fill=fill)
        else:
            self.disc(middle, size / 2, fill)
        if shape == 3:
            self.disc(middle, size / 4, self.paper)

    def window_bar(self, height: int, fill: Rgb) -> None:
        """Draw the title bar of a window across the top."""
        self.block((0, 0, self.width, height), fill)
        if self.pen.chance(0.5):
            lights = ((255, 96, 88), (255, 190, 48), (40, 200, 66))
            for place, light in enumerate(lights):
                self.disc((13 + 15 * place, height / 2), 4.5, light)
        else:
            for place in range(3):
                left = self.width - 18 - 18 * place
                self.block((left, height / 3, left + 8, height / 3 + 7), edge=(120, 120, 122))

    def on_desk(self) -> Image.Image:
        """Return the picture lying on a larger coloured ground."""
        wide = int(self.width * self.pen.between(1.08, 1.7))
        high = int(self.height * self.pen.between(1.05, 1.35))
        desk = Image.new("RGB", (wide, high), self.pen.any_colour())
        desk.paste(self.image, ((wide - self.width) // 2, (high - self.height) // 2))
        return desk
