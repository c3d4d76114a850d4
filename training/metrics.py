"""Recall at k over a gallery, and zero-shot accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Recall:
    """Shares of queries with a right answer among the first 1, 5 and 10."""

    at_1: float
    at_5: float
    at_10: float


def recall(similarity: Tensor, relevant: Sequence[Sequence[int]]) -> Recall:
    """Rank each row of (queries, gallery); a query is found by its best relevant item."""
    ranks = []
    for row, answers in zip(similarity, relevant, strict=True):
        ranks.append(int((row > row[list(answers)].max()).sum()))
    found = torch.tensor(ranks)
    at_1, at_5, at_10 = (round(float((found < k).float().mean()), 4) for k in (1, 5, 10))
    return Recall(at_1, at_5, at_10)


def diagonal_recall(similarity: Tensor) -> Recall:
    """Return recall where query i is answered by item i alone."""
    return recall(similarity, [[place] for place in range(len(similarity))])


def accuracy(similarity: Tensor, classes: Tensor) -> float:
    """Return the share of rows of (images, classes) whose best class is right."""
    return round(float((similarity.argmax(1) == classes).float().mean()), 4)
