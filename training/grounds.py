"""What lies behind the sprites: white, plain colours, gradients, patterns, product cards."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.dice import Dice
from training.recolour import PALETTE
from training.workspace import Workspace

NO_COLOUR = -1
# Upper ends of the lot that each ground wins; what is left goes to the bank of patterns.
WHITE_BELOW, PLAIN_BELOW, GRADIENT_BELOW = 0.30, 0.48, 0.58


class Grounds:
    """The bank of grounds; makes batches of them at the current picture size."""

    def __init__(self, workspace: Workspace) -> None:
        self.bank = workspace.load_array("grounds")
        self.boxes = torch.from_numpy(workspace.load_array("ground_boxes"))
        is_card = workspace.load_array("ground_is_card")
        self.cards: NDArray[np.int64] = np.flatnonzero(is_card)
        self.patterns: NDArray[np.int64] = np.flatnonzero(~is_card)

    def from_bank(self, places: NDArray[np.int64], size_px: int) -> Tensor:
        """Return grounds of the bank, (n, 3, size_px, size_px) in [0, 1]."""
        images = torch.from_numpy(self.bank[places]).permute(0, 3, 1, 2).float().div_(255)
        return functional.interpolate(images, size=size_px, mode="bilinear")

    def mixed(self, dice: Dice, count: int, *, size_px: int, gentle: bool) -> Tensor:
        """Return grounds of all sorts; `gentle` leaves out the patterns."""
        lot = dice.uniform(count, high=GRADIENT_BELOW if gentle else 1.0)
        first, second = dice.uniform(count, 3, 1, 1), dice.uniform(count, 3, 1, 1)
        down = torch.linspace(0, 1, size_px)[None, None, :, None]
        down = torch.where((lot < PLAIN_BELOW)[:, None, None, None], 0.0, down)
        first = torch.where((lot < WHITE_BELOW)[:, None, None, None], 1.0, first)
        grounds = (first * (1 - down) + second * down).expand(-1, -1, -1, size_px).clone()
        patterned = lot >= GRADIENT_BELOW
        if patterned.any():
            choice = self.patterns if dice.numpy.random() < 0.9 else self.cards
            places = dice.numpy.choice(choice, int(patterned.sum()))
            grounds[patterned] = self.from_bank(places, size_px)
        return grounds

    def coloured(self, dice: Dice, colours: Tensor, *, size_px: int) -> Tensor:
        """Return grounds in palette colours, a little uneven from top to bottom."""
        count = len(colours)
        colour = (PALETTE[colours] + dice.normal(count, 3) * 0.04).clamp(0, 1)[:, :, None, None]
        slope = dice.uniform(count, 1, 1, 1, low=-0.25, high=0.25)
        shade = 1 + slope * torch.linspace(-1, 1, size_px)[None, None, :, None]
        return (colour * shade).clamp(0, 1).expand(-1, -1, -1, size_px)
