"""Tells which pictures and texts of a batch match and which pairs must not count as mismatch."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.composites import Composite
from training.document_set import DocumentDraw
from training.losses import Pairs
from training.rows import Rows


@dataclass(frozen=True, slots=True)
class Contents:
    """What a batch shows, in this order: things, composites, documents; the texts are the rows,
    the composites' captions and the documents' captions, in this order."""

    things: Tensor
    rows: Rows
    composites: Sequence[Composite]
    documents: DocumentDraw


@dataclass(frozen=True, slots=True)
class Likeness:
    """Tables of things that may show the same: (things, things) and (kinds, things)."""

    things: Tensor
    kinds: Tensor

    def pairs(self, contents: Contents) -> Pairs:
        """Return the tables (pictures, texts) of a batch, put together from nine blocks."""
        things, rows, documents = contents.things, contents.rows, contents.documents
        first = torch.tensor([composite.first for composite in contents.composites])
        second = torch.tensor([composite.second for composite in contents.composites])
        own = torch.eye(len(first), dtype=torch.bool)
        counts = (len(things), len(first), len(documents.kinds))
        texts = (len(rows.things), len(first), len(documents.texts))
        # A second thing of -1 picks the last, empty column of `names`.
        in_caption = (rows.names[:, first] | rows.names[:, second]).T
        shown_in = (things[:, None] == first) | (things[:, None] == second)
        positive = {(0, 0): rows.names[:, things].T, (1, 1): own, (2, 2): documents.positive}
        ignored = {
            (0, 0): self.things[things][:, rows.things],
            (0, 1): shown_in,
            (0, 2): self.kinds[documents.text_kinds][:, things].T,
            (1, 0): in_caption,
            (2, 0): self.kinds[documents.kinds][:, rows.things],
            (2, 2): documents.ignored,
        }
        return Pairs(assemble(positive, counts, texts), assemble(ignored, counts, texts))


def assemble(
    blocks: dict[tuple[int, int], Tensor], heights: Sequence[int], widths: Sequence[int]
) -> Tensor:
    """Return one boolean table from blocks; absent blocks are false."""
    lines = []
    for row, height in enumerate(heights):
        empty = (torch.zeros(height, width, dtype=torch.bool) for width in widths)
        lines.append(torch.cat([blocks.get((row, c), e) for c, e in enumerate(empty)], 1))
    return torch.cat(lines)
