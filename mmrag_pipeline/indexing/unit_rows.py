"""Vectors are looked at before they are remembered: a memo row is never computed again."""

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.errors import ItemError
from mmrag_pipeline.indexing.failures import engine_failure
from mmrag_pipeline.indexing.remember import Row
from mmrag_pipeline.records import Vectors

NORM_TOLERANCE = 1e-3


def off_unit(matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return which rows of (n, dimension) are not of length 1 within NORM_TOLERANCE, or NaN."""
    lengths = np.linalg.norm(matrix.astype(np.float64, copy=False), axis=1)
    sound: npt.NDArray[np.bool_] = np.abs(lengths - 1.0) < NORM_TOLERANCE
    return ~sound


def unit_rows(vectors: Vectors, dimension: int) -> list[Row | ItemError]:
    """Return one memo row per vector; one that no index can use fails as its item alone."""
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        wrong = f"vectors of shape {vectors.shape} instead of (n, {dimension}), as its card says"
        return [engine_failure(wrong) for _ in vectors]
    return [
        engine_failure("its vector is not of unit length, or not of numbers") if bad else (vector,)
        for vector, bad in zip(vectors, off_unit(vectors), strict=True)
    ]
