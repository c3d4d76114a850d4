"""The fixed inputs whose outputs identify a model: the same in every process, for ever."""

import numpy as np

from mmrag_pipeline.records import Pixels, Vectors

CANARY_TEXT = "a red bicycle"
CANARY_VALUES = 5
"""How many leading values of the canary's vector a card keeps."""


def canary_picture() -> Pixels:
    """Return 128 x 128 RGB pixels with red = 2x, green = 2y and blue = x + y."""
    x, y = np.meshgrid(np.arange(128), np.arange(128))
    return np.stack([2 * x, 2 * y, x + y], axis=2).astype(np.uint8)


def first_values(rows: Vectors) -> tuple[float, ...]:
    """Return the leading values of the first row, rounded to what a card keeps."""
    return tuple(round(float(value), 6) for value in rows[0, :CANARY_VALUES])
