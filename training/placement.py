"""Puts sprites somewhere into a picture: size, place, slant, mirror image."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.dice import Dice


@dataclass(frozen=True, slots=True)
class Poses:
    """Per sprite: scale as a share of the picture, centre in [-1, 1], mirrored or not."""

    scale: Tensor
    x: Tensor
    y: Tensor
    mirrored: Tensor


def warp(dice: Dice, sprites: Tensor, poses: Poses, *, size_px: int) -> Tensor:
    """Return sprites of shape (n, 4, size_px, size_px) at their poses, slightly distorted."""
    count = len(sprites)
    wild = dice.uniform(count, low=-0.8, high=0.8)
    angle = torch.where(dice.mask(count, 0.12), wild, dice.normal(count) * 0.15)
    stretch = dice.uniform(count, low=0.87, high=1.15)
    shear = dice.uniform(count, low=-0.15, high=0.15)
    cosine, sine = angle.cos(), angle.sin()
    side = torch.where(poses.mirrored, -1.0, 1.0)
    wide, high = poses.scale / stretch, poses.scale * stretch
    # The grid maps picture coordinates back into the sprite, hence the inverse scales.
    rows = [
        [side * cosine / wide, side * (sine + shear * cosine) / wide],
        [-sine / high, (cosine - shear * sine) / high],
    ]
    matrix = torch.stack(
        [torch.stack([a, b, -(a * poses.x + b * poses.y)], 1) for a, b in rows],
        1,
    )
    grid = functional.affine_grid(matrix, [count, 4, size_px, size_px], align_corners=False)
    return functional.grid_sample(sprites, grid, align_corners=False)


def lay_over(dice: Dice, ground: Tensor, sprites: Tensor, single_colour: Tensor) -> Tensor:
    """Blend premultiplied sprites over the ground; re-ink single-coloured ones that would
    vanish on it."""
    colour, alpha = sprites[:, :3], sprites[:, 3:]
    if single_colour.any():
        weight = alpha.sum((2, 3)).clamp(min=1)
        ink = (colour.sum((2, 3)) / weight).mean(1)
        below = ((ground * alpha).sum((2, 3)) / weight).mean(1)
        hidden = single_colour & ((ink - below).abs() < 0.3)
        dark = dice.uniform(len(ground), high=0.2)
        light = dice.uniform(len(ground), low=0.85)
        better = torch.where(below > 0.5, dark, light)[:, None, None, None] * alpha
        colour = torch.where(hidden[:, None, None, None], better, colour)
    return colour + ground * (1 - alpha)
