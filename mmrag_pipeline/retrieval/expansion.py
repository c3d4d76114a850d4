"""Words for a query that is a picture alone: what models see and read in it.

A picture finds pictures and captions. Texts are found by words only, so those that a captioner
says of the picture, and that OCR reads in it, ask the signals of texts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mmrag_pipeline.model_ports import Captioner, Ocr
from mmrag_pipeline.records import Pixels

MOST = 64
"""Words taken of one picture: more than a text encoder reads, and enough for any match."""
LEAST = 3
"""Letters and digits in a line: fewer are mostly shapes of a photograph taken for letters."""
Expand = Callable[[Pixels], str]
"""Words of a picture; empty where nothing is seen or read."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """Models that put a picture into words; they load when the first one is put (Expand)."""

    captioner: Captioner
    ocr: Ocr

    def __call__(self, picture: Pixels) -> str:
        """Return the first MOST words of the captions, then of what stands in the picture."""
        captions = [caption.text for caption in self.captioner.caption([picture])[0]]
        read = [line.text for line in self.ocr.read([picture])[0].lines]
        lines = [text for text in read if sum(map(str.isalnum, text)) >= LEAST]
        return " ".join(" ".join([*captions, *lines]).split()[:MOST])


def nothing_more(picture: Pixels) -> str:
    """Return no words: pictures ask for pictures only."""
    return ""
