"""Sentences about a drawn document: its kind, sometimes its colour or its dark ground."""

import re

from training.documents.pen import Pen
from training.documents.sheet import Drawing

FRAMES = (
    "{}",
    "{}",
    "a {}",
    "an image of a {}",
    "a picture of a {}",
    "a scan of a {}",
    "a screenshot of a {}",
    "a photo of a {}",
    "document: {}",
    "a {} in a document",
)
DARK_FRAMES = ("dark mode {}", "{} with a dark background", "dark {}")


def fix_articles(text: str) -> str:
    """Write `an` before vowels and drop doubled articles."""
    return re.sub(r"\ba (?=[aeiou])", "an ", re.sub(r"\ba (?=an? )", "", text))


def caption(pen: Pen, drawing: Drawing) -> str:
    """Return one sentence about `drawing`."""
    text = pen.pick(drawing.names)
    if drawing.colour and pen.chance(0.6):
        tinted = f"{text} with a {drawing.colour} {drawing.part}"
        text = tinted if drawing.part else f"{drawing.colour} {text}"
    if drawing.dark and pen.chance(0.4):
        text = pen.pick(DARK_FRAMES).format(text)
    return fix_articles(pen.pick(FRAMES).format(text))
