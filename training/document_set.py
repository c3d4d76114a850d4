"""The baked training documents with their captions, and which of them contradict each other."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.dice import Dice
from training.documents.bake import caption_colour
from training.rows import Index
from training.text_map import load_mapped
from training.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DocumentDraw:
    """Documents of one batch: their places and kinds, the captions as texts with the kind each
    belongs to, and the tables (documents, texts) of matches and of pairs not to count."""

    places: Index
    kinds: Tensor
    texts: Index
    text_kinds: Tensor
    positive: Tensor
    ignored: Tensor


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """Images and captions; a document's captions are numbers into the distinct captions."""

    images: NDArray[np.uint8]
    kinds: Tensor
    colours: NDArray[np.str_]
    captions: Index
    caption_vectors: NDArray[np.float16]
    caption_colours: NDArray[np.str_]

    @classmethod
    def load(cls, workspace: Workspace) -> "DocumentSet":
        """Read what `training.documents.bake` and `training.composites` wrote."""
        records = workspace.load_json("documents")
        captions = workspace.load_json("document_captions")
        numbers = {text: place for place, text in enumerate(captions)}
        return cls(
            workspace.load_array("documents"),
            torch.tensor([record["kind"] for record in records]),
            np.array([record["colour"] for record in records]),
            np.array([[numbers[text] for text in record["captions"]] for record in records]),
            load_mapped(workspace, "document_caption_vectors"),
            np.array([caption_colour(text) for text in captions]),
        )

    def draw(self, dice: Dice, count: int) -> DocumentDraw:
        """Choose documents, each with one of its captions.

        Two documents of a kind count as different only where the image of one and the text of
        the other both have a colour and the colours differ.
        """
        places = dice.numpy.integers(0, len(self.images), count)
        said = self.captions[places, dice.numpy.integers(0, self.captions.shape[1], count)]
        texts, first = np.unique(said, return_index=True)
        kinds = self.kinds[places]
        text_kinds = kinds[first]
        shown, named = self.colours[places][:, None], self.caption_colours[texts][None]
        differ = torch.from_numpy((shown != "") & (named != "") & (shown != named))
        same_kind = kinds[:, None] == text_kinds[None]
        positive = torch.from_numpy(said[:, None] == texts[None])
        return DocumentDraw(places, kinds, texts, text_kinds, positive, same_kind & ~differ)
