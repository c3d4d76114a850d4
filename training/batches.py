"""Assembles training batches: pictures, texts, and which of them belong together."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.composites import load_composites
from training.compositor import Compositor, normalise
from training.dice import Dice
from training.document_set import DocumentSet
from training.drawings import Drawings
from training.grounds import Grounds
from training.losses import Pairs
from training.pairing import Contents, Likeness
from training.rows import Index, RowMaker, lookalikes
from training.sprites import TRAINING_STYLES
from training.text_map import load_mapped
from training.workspace import Workspace

EMOJI_SHARE, COMPOSITE_SHARE, ICON_SHARE = 0.58, 0.18, 0.08
"""What a batch is made of; the rest are documents."""
SAME_KIND = 0.5
"""Cosine from which on a thing ("calendar") may be the same as a kind of document."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Normalised pictures, unit text vectors, their pairs, and the things shown
    by the first `len(things)` pictures."""

    pictures: Tensor
    texts: Tensor
    pairs: Pairs
    things: Tensor


def load_likeness(workspace: Workspace, emoji_count: int) -> Likeness:
    """Compute which things and kinds of documents have near-equal names."""
    things = torch.from_numpy(workspace.load_array("thing_vectors")).float()
    things = functional.normalize(things, dim=-1)
    kinds = torch.from_numpy(workspace.load_array("kind_vectors")).float()
    return Likeness(lookalikes(things, emoji_count), (kinds @ things.T) > SAME_KIND)


class BatchMaker:
    """Draws batches of a fixed size."""

    def __init__(self, workspace: Workspace, size: int, dice: Dice) -> None:
        self.size, self.dice = size, dice
        self.drawings = Drawings(workspace, TRAINING_STYLES, icons=True)
        self.emoji, self.icons = self.drawings.emoji, self.drawings.icon_only
        self.compositor = Compositor(self.drawings, Grounds(workspace), dice)
        vectors = load_mapped(workspace, "phrase_vectors")
        self.rows = RowMaker(self.drawings.book, vectors, dice)
        self.composites = load_composites(workspace, "composites")
        self.composite_vectors = load_mapped(workspace, "composites_vectors")
        self.documents = DocumentSet.load(workspace)
        self.likeness = load_likeness(workspace, len(self.emoji))

    def next(self, size_px: int, *, gentle: bool) -> Batch:
        """Return the next batch at the given picture size."""
        self.compositor.size_px, self.compositor.gentle = size_px, gentle
        contents, composed = self.choose()
        vectors = [
            contents.rows.vectors,
            self.composite_vectors[composed],
            self.documents.caption_vectors[contents.documents.texts],
        ]
        texts = torch.from_numpy(np.concatenate(vectors)).float()
        pairs = self.likeness.pairs(contents)
        return Batch(normalise(self.pictures(contents)), texts, pairs, contents.things)

    def choose(self) -> tuple[Contents, Index]:
        """Choose what the batch shows and says; also return the composites' numbers."""
        generator = self.dice.numpy
        shown_icons = generator.choice(self.icons, int(self.size * ICON_SHARE))
        shown_emoji = generator.choice(self.emoji, int(self.size * EMOJI_SHARE))
        things = np.concatenate([shown_emoji, shown_icons])
        composed = generator.integers(0, len(self.composites), int(self.size * COMPOSITE_SHARE))
        documents = self.documents.draw(self.dice, self.size - len(things) - len(composed))
        rows = self.rows.rows(self.emoji, self.icons, shown_icons)
        composites = [self.composites[place] for place in composed]
        return Contents(torch.from_numpy(things), rows, composites, documents), composed

    def pictures(self, contents: Contents) -> Tensor:
        """Compose the pictures of a batch."""
        compositor = self.compositor
        parts = [
            compositor.singles(contents.things.numpy()),
            compositor.composites(contents.composites),
            compositor.documents(self.documents.images[contents.documents.places]),
        ]
        pictures = torch.cat(parts)
        if not compositor.gentle:
            compositor.wear(pictures)
        return pictures
