"""Colour changes of sprites: shifts of hue and contrast, greys, tints, flat colours, outlines."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.dice import Dice
from training.documents.pen import COLOURS

PALETTE = torch.tensor(list(COLOURS.values())).float() / 255
LUMA = torch.tensor([0.299, 0.587, 0.114])
NO_TINT = -1


@dataclass(frozen=True, slots=True)
class Sprites:
    """A batch of sprites: `rgba` (n, 4, h, w) in [0, 1], which ones are single-coloured,
    which are named after a colour, and the palette index of a wanted tint or -1."""

    rgba: Tensor
    single_colour: Tensor
    named_by_colour: Tensor
    tint: Tensor


def recolour(dice: Dice, sprites: Sprites, *, gentle: bool) -> Tensor:
    """Return changed sprites with premultiplied alpha; `gentle` keeps to mild changes."""
    alpha = sprites.rgba[:, 3:]
    base = give_ink(dice, sprites)
    colour = shift_colours(dice, sprites, base, gentle=gentle)
    if not gentle:
        flatten_some(dice, colour, alpha)
    tint_some(sprites, base, colour)
    colour.clamp_(0, 1)
    if not gentle:
        alpha = outline_some(dice, colour, alpha)
    return torch.cat([colour * alpha, alpha], 1)


def give_ink(dice: Dice, sprites: Sprites) -> Tensor:
    """Return RGB where single-coloured sprites have a random ink, dark in half of the cases."""
    count = len(sprites.rgba)
    dark = dice.uniform(count, 1, high=0.25).expand(count, 3)
    ink = torch.where(dice.uniform(count, 1) < 0.5, dark, dice.uniform(count, 3))
    single = sprites.single_colour[:, None, None, None]
    return torch.where(single, ink[:, :, None, None], sprites.rgba[:, :3])


def hue_rotation(angle: Tensor) -> Tensor:
    """Return (n, 3, 3) rotations about the grey axis (Rodrigues' formula)."""
    cosine, sine = angle.cos(), angle.sin() * math.sqrt(1 / 3)
    third = (1 - cosine) / 3
    same, up, down = cosine + third, third + sine, third - sine
    rows = [same, down, up, up, same, down, down, up, same]
    return torch.stack(rows, 1).view(-1, 3, 3)


def shift_colours(dice: Dice, sprites: Sprites, rgb: Tensor, *, gentle: bool) -> Tensor:
    """Apply hue rotation, saturation, contrast and brightness as one matrix per sprite."""
    count, size = len(rgb), rgb.shape[-1]
    free = ~sprites.named_by_colour & (sprites.tint == NO_TINT)
    lot = dice.uniform(count)
    strong = (lot < (0.05 if gentle else 0.22)) & free
    grey = (lot > (0.97 if gentle else 0.9)) & free
    saturation = dice.uniform(count, low=0.6, high=1.4).masked_fill(grey, 0.0)[:, None, None]
    to_grey = LUMA[None, None, :].expand(count, 3, 3)
    saturate = torch.eye(3)[None] * saturation + (1 - saturation) * to_grey
    wild = dice.uniform(count, low=-math.pi, high=math.pi)
    angle = torch.where(strong, wild, dice.uniform(count, low=-0.2, high=0.2))
    contrast = dice.uniform(count, 1, 1, low=0.7, high=1.35)
    matrix = torch.bmm(hue_rotation(angle), saturate) * contrast
    bias = 0.5 - 0.5 * contrast + dice.uniform(count, 1, 1, low=-0.15, high=0.15)
    moved = torch.baddbmm(bias.expand(count, 3, 1), matrix, rgb.reshape(count, 3, -1))
    return moved.view(count, 3, size, size)


def flatten_some(dice: Dice, colour: Tensor, alpha: Tensor) -> None:
    """Reduce some sprites to few flat colours, as plainer drawing styles do."""
    chosen = dice.mask(len(colour), 0.15).nonzero()[:, 0]
    if not len(chosen):
        return
    weight = functional.avg_pool2d(alpha[chosen], 4) + 1e-3
    coarse = functional.avg_pool2d(colour[chosen] * alpha[chosen], 4) / weight
    colour[chosen] = (functional.interpolate(coarse, scale_factor=4.0) * 4).round() / 4


def tint_some(sprites: Sprites, base: Tensor, colour: Tensor) -> None:
    """Paint sprites in their wanted tint, keeping light and shade."""
    chosen = (sprites.tint != NO_TINT).nonzero()[:, 0]
    if not len(chosen):
        return
    paint = PALETTE[sprites.tint[chosen]][:, :, None, None]
    luma = (base[chosen] * LUMA[None, :, None, None]).sum(1, keepdim=True)
    luma = luma - luma.amin((2, 3), keepdim=True)
    luma = luma / (luma.amax((2, 3), keepdim=True) + 1e-3)
    shaded = paint * (0.35 + 0.75 * luma) + 0.25 * (luma - 0.6).clamp(min=0)
    single = sprites.single_colour[chosen][:, None, None, None]
    colour[chosen] = torch.where(single, paint.expand_as(shaded), shaded)


def outline_some(dice: Dice, colour: Tensor, alpha: Tensor) -> Tensor:
    """Give some sprites a dark or light outline; return the widened alpha."""
    chosen = dice.mask(len(colour), 0.12).nonzero()[:, 0]
    if not len(chosen):
        return alpha
    line = (dice.uniform(len(chosen), 1, 1, 1) < 0.3).float()
    wider = alpha.clone()
    wider[chosen] = functional.max_pool2d(alpha[chosen], 5, 1, 2)
    colour[chosen] = colour[chosen] * alpha[chosen] + line * (1 - alpha[chosen])
    return wider
