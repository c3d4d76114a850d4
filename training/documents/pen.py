"""What every drawing needs: a seeded source of choices, colours, words and fonts."""

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import ImageFont

T = TypeVar("T")
Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "red": (212, 46, 48),
    "green": (42, 168, 90),
    "blue": (40, 100, 215),
    "yellow": (246, 206, 44),
    "orange": (240, 136, 32),
    "purple": (132, 62, 178),
    "pink": (242, 122, 182),
    "brown": (128, 84, 50),
    "black": (22, 22, 24),
    "white": (251, 251, 251),
    "gray": (140, 141, 144),
    "teal": (18, 148, 150),
}
HUES = tuple(name for name in COLOURS if name not in ("black", "white", "gray"))
WHITE: Rgb = (255, 255, 255)

WORDS = tuple(Path(__file__).with_name("words.txt").read_text(encoding="utf-8").split())

REGULAR = (
    "DejaVuSans.ttf",
    "DejaVuSansCondensed.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSans-Bold.ttf",
    "LiberationSans-Regular.ttf",
    "LiberationSerif-Regular.ttf",
    "LiberationSans-Bold.ttf",
    "NotoSans-Regular.ttf",
    "NotoSans-Bold.ttf",
    "NotoSerif-Regular.ttf",
    "Roboto-Regular.ttf",
    "Roboto-Bold.ttf",
    "Roboto-Light.ttf",
    "OpenSans-Regular.ttf",
    "OpenSans-Semibold.ttf",
    "Lato-Regular.ttf",
    "Lato-Bold.ttf",
)
MONOSPACED = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "NotoSansMono-Regular.ttf")


@functools.lru_cache(maxsize=4096)
def open_font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    """Open a font once per size."""
    return ImageFont.truetype(str(path), size_px)


@dataclass(frozen=True, slots=True)
class Fonts:
    """Paths of the proportional and the monospaced fonts."""

    proportional: tuple[Path, ...]
    monospaced: tuple[Path, ...]

    @classmethod
    def find(cls, root: Path) -> "Fonts":
        """Find the known fonts below `root`; an absent one is left out."""
        paths = {path.name: path for path in sorted(root.rglob("*.ttf"))}
        regular = tuple(paths[name] for name in REGULAR if name in paths)
        mono = tuple(paths[name] for name in MONOSPACED if name in paths)
        if not regular or not mono:
            raise FileNotFoundError(f"no usable fonts below {root}: run training.sources first")
        return cls(regular, mono)


@dataclass(frozen=True, slots=True)
class Pen:
    """Seeded choices; the same seed draws the same document."""

    rng: random.Random
    fonts: Fonts

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.rng.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return self.rng.choice(options)

    def between(self, low: float, high: float) -> float:
        """Return a number from [low, high]."""
        return self.rng.uniform(low, high)

    def whole(self, low: int, high: int) -> int:
        """Return an integer from [low, high]."""
        return self.rng.randint(low, high)

    def words(self, count: int) -> str:
        """Return `count` random words."""
        return " ".join(self.rng.choices(WORDS, k=count))

    def title(self, count: int) -> str:
        """Return `count` random words with capitals."""
        return self.words(count).title()

    def hue(self) -> tuple[str, Rgb]:
        """Return the name of a colour and a slightly varied value of it."""
        name = self.pick(HUES)
        return name, self.vary(COLOURS[name])

    def hues(self, count: int) -> list[tuple[str, Rgb]]:
        """Return colours with distinct names."""
        names = self.rng.sample(HUES, count)
        return [(name, self.vary(COLOURS[name])) for name in names]

    def any_colour(self) -> Rgb:
        """Return a varied colour out of all, grey and black included."""
        return self.vary(COLOURS[self.pick(tuple(COLOURS))], 30)

    def vary(self, colour: Rgb, spread: int = 14) -> Rgb:
        """Return `colour` with each channel moved a little."""
        red, green, blue = (
            max(0, min(255, channel + self.rng.randint(-spread, spread))) for channel in colour
        )
        return red, green, blue

    def typeface(self) -> Path:
        """Return a proportional font, now and then a monospaced one."""
        return self.pick(self.fonts.proportional if self.chance(0.93) else self.fonts.monospaced)

    def landscape(self) -> tuple[int, int]:
        """Return a wide or square page size in pixels."""
        return self.pick(((480, 320), (400, 300), (360, 360), (512, 288), (420, 340), (384, 288)))

    def portrait(self) -> tuple[int, int]:
        """Return a tall page size in pixels."""
        return self.pick(((340, 460), (320, 452), (360, 480), (380, 440)))


def blend(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Mix two colours; `share` is how much of the second."""
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
