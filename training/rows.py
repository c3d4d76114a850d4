"""The text side of a batch: one phrase for every emoji concept and for many icons."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.dice import Dice
from training.phrases import Phrasebook

ICON_ROWS = 600
SAME_THING = 0.6
"""Cosine of two names from which on an icon and a concept may show the same thing."""

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts of one batch: the things they were chosen for, their vectors, and a table
    (texts, things + 1) of what they name; its last column is empty."""

    things: Tensor
    vectors: NDArray[np.float16]
    names: Tensor


class RowMaker:
    """Chooses phrases; texts are frozen, so every batch can hold thousands of them."""

    def __init__(self, book: Phrasebook, vectors: NDArray[np.float16], dice: Dice) -> None:
        self.vectors, self.dice = vectors, dice
        self.thing_count = len(book.things)
        self.members = [np.array(member) for member in book.members]
        self.phrases = [np.array([phrase for phrase, _ in choice]) for choice in book.choices]
        self.cumulative = [np.cumsum([weight for _, weight in choice]) for choice in book.choices]

    def phrase(self, thing: int) -> int:
        """Return a random phrase of a thing, by weight."""
        cumulative = self.cumulative[thing]
        lot = self.dice.numpy.random() * cumulative[-1]
        return int(self.phrases[thing][np.searchsorted(cumulative, lot)])

    def rows(self, emoji: Index, icons: Index, shown_icons: Index) -> Rows:
        """Return a row for all emoji things, the icons shown, and more icons as negatives."""
        more = self.dice.numpy.choice(icons, ICON_ROWS)
        things = np.concatenate([emoji, np.unique(np.concatenate([shown_icons, more]))])
        phrases = [self.phrase(int(thing)) for thing in things]
        wording = self.dice.numpy.integers(0, self.vectors.shape[1], len(things))
        names = torch.zeros(len(things), self.thing_count + 1, dtype=torch.bool)
        named = [self.members[phrase] for phrase in phrases]
        places = np.repeat(np.arange(len(things)), [len(member) for member in named])
        names[places, np.concatenate(named)] = True
        chosen = torch.from_numpy(things)
        names[torch.arange(len(things)), chosen] = True
        return Rows(chosen, self.vectors[phrases, wording], names)


def lookalikes(thing_vectors: Tensor, emoji_count: int) -> Tensor:
    """Return the table of things with near-equal names; emoji among themselves stay distinct."""
    alike = (thing_vectors @ thing_vectors.T) > SAME_THING
    alike[:emoji_count, :emoji_count] = False
    return alike.fill_diagonal_(False)
