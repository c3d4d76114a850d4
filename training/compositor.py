"""Composes training pictures online: single things, composites, documents, and their wear."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.composites import Composite
from training.dice import Dice
from training.documents.pen import COLOURS
from training.drawings import Drawings
from training.grounds import NO_COLOUR, Grounds
from training.placement import Poses, lay_over, warp
from training.recolour import NO_TINT, recolour

MOST_COPIES = 3
PALETTE_INDEX = {name: place for place, name in enumerate(COLOURS)} | {"": NO_COLOUR}


class Compositor:
    """Makes float pictures (n, 3, size_px, size_px) in [0, 1]; `gentle` keeps them easy."""

    def __init__(self, drawings: Drawings, grounds: Grounds, dice: Dice) -> None:
        self.drawings, self.grounds, self.dice = drawings, grounds, dice
        self.size_px, self.gentle = 128, False

    def singles(self, things: NDArray[np.int64]) -> Tensor:
        """Return one picture per thing, anywhere on any ground."""
        dice, count = self.dice, len(things)
        scale = dice.uniform(count, low=0.42, high=1.02)
        room = (1.05 - scale).clamp(min=0)
        x, y = (dice.uniform(count, low=-1) * room for _ in range(2))
        ground = self.grounds.mixed(dice, count, size_px=self.size_px, gentle=self.gentle)
        poses = Poses(scale, x, y, self.mirror(things, 0.4))
        return self.put(ground, things, poses, torch.full((count,), NO_TINT))

    def mirror(self, things: NDArray[np.int64], share: float) -> Tensor:
        """Choose which of the things that may be mirrored are."""
        allowed = torch.from_numpy(self.drawings.mirrorable[things])
        return self.dice.mask(len(things), share) & allowed

    def put(self, ground: Tensor, things: NDArray[np.int64], poses: Poses, tint: Tensor) -> Tensor:
        """Draw each thing onto its ground."""
        sprites = self.drawings.take(self.dice, things, tint)
        painted = recolour(self.dice, sprites, gentle=self.gentle)
        placed = warp(self.dice, painted, poses, size_px=self.size_px)
        return lay_over(self.dice, ground, placed, sprites.single_colour)

    def composites(self, composites: Sequence[Composite]) -> Tensor:
        """Return one picture per composite."""
        pictures, alone = self.composite_grounds(composites)
        tint = torch.tensor([PALETTE_INDEX[c.tint] for c in composites])
        copies = torch.tensor([2 if c.second >= 0 else c.count for c in composites])
        spread = self.spread_poses(copies)
        for copy in range(MOST_COPIES):
            chosen = (copies > copy).nonzero()[:, 0]
            if not len(chosen):
                continue
            several = (copies > 1)[chosen]
            scale, x, y = (
                torch.where(several, many[copy][chosen], one[chosen])
                for many, one in zip(spread, alone, strict=True)
            )
            shown = [composites[int(place)] for place in chosen]
            things = np.array([c.second if copy == 1 and c.second >= 0 else c.first for c in shown])
            poses = Poses(scale, x, y, self.mirror(things, 0.3))
            pictures[chosen] = self.put(pictures[chosen], things, poses, tint[chosen])
        return pictures

    def composite_grounds(
        self, composites: Sequence[Composite]
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Return grounds, and scale and centre of the thing where it is alone."""
        dice, count = self.dice, len(composites)
        ground = self.grounds.mixed(dice, count, size_px=self.size_px, gentle=self.gentle)
        colour = torch.tensor([PALETTE_INDEX[c.ground] for c in composites])
        wanted = colour != NO_COLOUR
        if wanted.any():
            ground[wanted] = self.grounds.coloured(dice, colour[wanted], size_px=self.size_px)
        scale = dice.uniform(count, low=0.45, high=0.95)
        x, y = (dice.uniform(count, low=-1) * (1 - scale) * 0.9 for _ in range(2))
        cards = np.flatnonzero([c.on_card for c in composites])
        if len(cards):
            places = dice.numpy.choice(self.grounds.cards, len(cards))
            ground[cards] = self.grounds.from_bank(places, self.size_px)
            left, top, right, bottom = self.grounds.boxes[places].unbind(1)
            room = torch.minimum(right - left, bottom - top)
            scale[cards] = room * dice.uniform(len(cards), low=0.75, high=0.98)
            x[cards], y[cards] = left + right - 1, top + bottom - 1
        return ground, (scale, x, y)

    def spread_poses(self, copies: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Return scales and centres of up to three things in a row or a column."""
        dice, count = self.dice, len(copies)
        in_row = dice.mask(count, 0.5)
        small = dice.uniform(count, low=0.27, high=0.36)
        scale = torch.where(copies == MOST_COPIES, small, dice.uniform(count, low=0.36, high=0.52))
        across, down = [], []
        for copy in range(MOST_COPIES):
            along = (copy + 0.5) / copies * 2 - 1
            aside = dice.uniform(count, low=-0.25, high=0.25)
            across.append(torch.where(in_row, along, aside))
            down.append(torch.where(in_row, aside, along))
        return [scale] * MOST_COPIES, across, down

    def documents(self, images: NDArray[np.uint8]) -> Tensor:
        """Return documents slightly moved, stretched, turned and relit."""
        dice, pixels = self.dice, torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(255)
        count = len(pixels)
        high = dice.uniform(count, low=0.82, high=1.06)
        wide = high * dice.uniform(count, low=0.93, high=1.07)
        room = (1 - high).clamp(min=0)
        x, y = (dice.uniform(count, low=-1) * room for _ in range(2))
        angle = torch.where(dice.mask(count, 0.25), dice.normal(count) * 0.06, 0.0)
        rows = [[wide * angle.cos(), -angle.sin(), x], [angle.sin(), high * angle.cos(), y]]
        matrix = torch.stack([torch.stack(row, 1) for row in rows], 1)
        grid = functional.affine_grid(
            matrix, [count, 3, self.size_px, self.size_px], align_corners=False
        )
        moved = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
        contrast = dice.uniform(count, 1, 1, 1, low=0.75, high=1.2)
        return (moved - 0.5) * contrast + 0.5 + dice.uniform(count, 1, 1, 1, low=-0.1, high=0.1)

    def wear(self, pictures: Tensor) -> None:
        """Blur, roughen and cover parts of some pictures, in place."""
        dice, count, size = self.dice, len(pictures), self.size_px
        blurred = dice.subset(count, count // 5)
        factor = float(dice.uniform(1, low=0.35, high=0.8))
        small = functional.interpolate(pictures[blurred], scale_factor=factor, mode="bilinear")
        pictures[blurred] = functional.interpolate(small, size=size, mode="bilinear")
        noisy = dice.subset(count, count // 5)
        pictures[noisy] += dice.normal(*pictures[noisy].shape) * 0.04
        for place in dice.subset(count, count // 8).tolist():
            side = int(dice.uniform(1, low=0.1, high=0.3) * size)
            top, left = (dice.uniform(2) * (size - side)).int().tolist()
            pictures[place, :, top : top + side, left : left + side] = dice.uniform(3, 1, 1)


def normalise(pictures: Tensor) -> Tensor:
    """Map [0, 1] to [-1, 1] in the memory layout that convolutions prefer."""
    scaled = (pictures.clamp(0, 1) - 0.5) / 0.5
    return scaled.contiguous(memory_format=torch.channels_last)
