"""Learning rate, picture size and difficulty as functions of the share of time that has passed."""

import math

WARMUP = 0.03
GENTLE_UNTIL = 0.22
"""Until this share of the time pictures are kept easy."""
SIZES_PX = ((0.0, 64), (0.58, 96), (0.86, 128))
"""Small pictures first: many more samples per second while the coarse features form."""
FINAL_PX = 128
"""What the exported model expects: the last size, once the training took about two hours (1.2 M
pictures). After one hour (0.27 M) the size it saw most was better: 0.38 at 64, 0.32 at 96
(Twemoji R@10)."""


def rate(share: float) -> float:
    """Return the learning rate as a fraction of its peak: warm-up, then half a cosine."""
    if share < WARMUP:
        return share / WARMUP + 1e-3
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (share - WARMUP) / (1 - WARMUP)))) + 1e-3


def size_px(share: float) -> int:
    """Return the side of training pictures."""
    return [size for start, size in SIZES_PX if share >= start][-1]
