"""Seeded random numbers for whole batches of images."""

import numpy as np
import torch
from torch import Tensor


class Dice:
    """A torch and a numpy generator that start from one seed."""

    def __init__(self, seed: int) -> None:
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Start both generators anew."""
        self.torch = torch.Generator().manual_seed(seed)
        self.numpy = np.random.default_rng(seed)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return numbers from [low, high)."""
        return torch.rand(*shape, generator=self.torch) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Return standard normal numbers."""
        return torch.randn(*shape, generator=self.torch)

    def mask(self, size: int, share: float) -> Tensor:
        """Return a mask that is true with probability `share`."""
        return self.uniform(size) < share

    def subset(self, size: int, count: int) -> Tensor:
        """Return `count` distinct indices below `size`."""
        return torch.randperm(size, generator=self.torch)[:count]
