"""The sprites of all styles in memory, and the choice of one drawing per thing."""

import re

import numpy as np
import torch
from numpy.typing import NDArray

from training.concepts import SYMBOLS_GROUP, Concept, load_concepts
from training.dice import Dice
from training.documents.pen import COLOURS
from training.phrases import Phrasebook, colour_words, load_phrasebook
from training.recolour import Sprites
from training.sprites import Style
from training.workspace import Workspace

ICONS = "icons"
ICON_SHARE_OF_EMOJI = 0.05
"""How often an emoji concept is shown by an icon of the same name."""
DIRECTED = re.compile(
    r"left|right|clock|button|arrow|zodiac|letter|book|thirty|o’clock|sign|number|abc"
)


def mirrorable(concepts: list[Concept], things: int) -> NDArray[np.bool_]:
    """Tell which things keep their meaning when mirrored; icons are left as they are."""
    flags = [not (c.group == SYMBOLS_GROUP or DIRECTED.search(c.name)) for c in concepts]
    return np.array(flags + [False] * (things - len(concepts)))


class Drawings:
    """All drawings of the chosen styles; picks styles by their shares."""

    def __init__(self, workspace: Workspace, styles: tuple[Style, ...], *, icons: bool) -> None:
        self.book: Phrasebook = load_phrasebook(workspace)
        self.arrays = {s.name: workspace.load_array(f"sprites_{s.name}") for s in styles}
        self.drawn = {name: a[:, 3].max((1, 2)) > 0 for name, a in self.arrays.items()}
        self.styles = styles
        self.single = {style.name for style in styles if style.single_colour} | {ICONS}
        self.fallback = styles[0].name
        self.cumulative = np.cumsum([max(style.share, 1e-9) for style in styles])
        self.icons_of: dict[int, list[int]] = {}
        if icons:
            self.arrays[ICONS] = workspace.load_array("sprites_icons")
            for place, thing in enumerate(self.book.icon_things):
                self.icons_of.setdefault(thing, []).append(place)
        things = self.book.things
        self.mirrorable = mirrorable(load_concepts(workspace), len(things))
        self.named_by_colour = np.array(colour_words(things, {*COLOURS, "grey"}))

    @property
    def emoji(self) -> NDArray[np.int64]:
        """Return the things that are emoji concepts."""
        return np.arange(self.book.emoji_count)

    @property
    def icon_only(self) -> NDArray[np.int64]:
        """Return the things that only icons show."""
        return np.array(sorted(t for t in self.icons_of if t >= self.book.emoji_count), np.int64)

    def choose(self, dice: Dice, thing: int) -> tuple[str, int]:
        """Return a style and the place of a drawing of `thing` in it."""
        as_icon = thing >= self.book.emoji_count or dice.numpy.random() < ICON_SHARE_OF_EMOJI
        if as_icon and thing in self.icons_of:
            return ICONS, int(dice.numpy.choice(self.icons_of[thing]))
        lot = dice.numpy.random() * self.cumulative[-1]
        style = self.styles[int(np.searchsorted(self.cumulative, lot))].name
        return (style if self.drawn[style][thing] else self.fallback), thing

    def take(self, dice: Dice, things: NDArray[np.int64], tint: torch.Tensor) -> Sprites:
        """Return one drawing of each thing."""
        chosen = [self.choose(dice, int(thing)) for thing in things]
        stacked = np.stack([self.arrays[style][place] for style, place in chosen])
        single = torch.tensor([style in self.single for style, _ in chosen])
        named = torch.from_numpy(self.named_by_colour[things])
        return Sprites(torch.from_numpy(stacked).float().div_(255), single, named, tint)
