"""From recognized lines to a page: reading order, script and mean confidence, for every OCR."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

from mmrag_pipeline.records import Box, Line, OcrResult

SCRIPTS = {
    "LATIN": "latin",
    "CJK": "han",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "HANGUL": "hangul",
    "CYRILLIC": "cyrillic",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "HEBREW": "hebrew",
    "DEVANAGARI": "devanagari",
    "THAI": "thai",
}
"""First word of a letter's Unicode name -> script as results name it."""


def page_of(lines: Sequence[Line]) -> OcrResult:
    """Return the result of one page from its lines in reading order; blank ones are dropped."""
    kept = tuple(line for line in lines if line.text.strip())
    confidence = sum(line.confidence for line in kept) / len(kept) if kept else 0.0
    return OcrResult(kept, script_of(" ".join(line.text for line in kept)), confidence)


def script_of(text: str) -> str:
    """Return the script of most letters, `und` when none has half, empty without letters.

    A script is what the letters show; a language would be a guess on a few words.
    """
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return ""
    counts = Counter(_script(letter) for letter in letters)
    script, count = counts.most_common(1)[0]
    return script if count * 2 >= len(letters) else "und"


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Return the positions of upright boxes in reading order: rows from the top, then left.

    A box belongs to a row when the middle of one lies within the height of the other.
    """
    rows: list[list[int]] = []
    for number in sorted(range(len(boxes)), key=lambda n: (_middle(boxes[n]), boxes[n].left)):
        if rows and _same_row(boxes[rows[-1][0]], boxes[number]):
            rows[-1].append(number)
        else:
            rows.append([number])
    return [number for row in rows for number in sorted(row, key=lambda n: boxes[n].left)]


def turn_back(box: Box, *, quarter_turns: int, width_px: int, height_px: int) -> Box:
    """Return where a box of a picture turned counter-clockwise lies in the picture itself.

    Width and height are those of the picture before turning.
    """
    turns = quarter_turns % 4
    if turns == 1:
        return Box(width_px - box.bottom, box.left, width_px - box.top, box.right)
    if turns == 2:
        return Box(
            width_px - box.right, height_px - box.bottom, width_px - box.left, height_px - box.top
        )
    if turns == 3:
        return Box(box.top, height_px - box.right, box.bottom, height_px - box.left)
    return box


def clip(box: Box, *, width_px: int, height_px: int) -> Box:
    """Return the part of a box inside the picture, at least one pixel a side."""
    left = min(max(box.left, 0), width_px - 1)
    top = min(max(box.top, 0), height_px - 1)
    right = min(max(box.right, left + 1), width_px)
    bottom = min(max(box.bottom, top + 1), height_px)
    return Box(left, top, right, bottom)


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").split(maxsplit=1)
    return SCRIPTS.get(name[0], "other") if name else "other"


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _same_row(first: Box, second: Box) -> bool:
    return (
        first.top < _middle(second) < first.bottom and second.top < _middle(first) < second.bottom
    )
