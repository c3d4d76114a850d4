"""Cuts a page's lines into overlapping chunks of whole words, by the encoder's own tokens."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mmrag_pipeline.records import Box, Line

Spans = Sequence[tuple[int, int]]
_SENTENCE_END = re.compile(r"[.!?:;]\s|\n")
_MAX_SECTION = 200
"""Characters of a heading that go into every chunk below it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of a page before it has an owner."""

    text: str
    token_count: int
    section: str
    confidence: float
    box: Box | None


def split_lines(
    lines: Sequence[Line], token_spans: Callable[[str], Spans], *, size: int, overlap: int
) -> list[Piece]:
    """Return chunks of at most `size` tokens that overlap by about `overlap` tokens.

    A chunk ends at a sentence or line end where one lies in its last fifth. Its box is the
    union of its lines' boxes, its confidence their mean, its section the last Markdown
    heading at or before its start.
    """
    text = "\n".join(line.text for line in lines)
    spans = token_spans(text)
    starts, sections = _line_starts(lines), _sections(lines)
    pieces = []
    for first, last in _windows(text, spans, size=size, overlap=overlap):
        begin, end = spans[first][0], spans[last - 1][1]
        line = bisect_right(starts, begin) - 1
        used = lines[line : bisect_left(starts, end)]
        pieces.append(
            Piece(
                text=text[begin:end],
                token_count=last - first,
                section=sections[line],
                confidence=sum(line.confidence for line in used) / max(len(used), 1),
                box=_union(used),
            )
        )
    return pieces


def _line_starts(lines: Sequence[Line]) -> list[int]:
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line.text) + 1
    return starts


def _windows(text: str, spans: Spans, *, size: int, overlap: int) -> list[tuple[int, int]]:
    """Return [first, last) token ranges that cover all tokens."""
    windows, first = [], 0
    while first < len(spans):
        last = min(first + size, len(spans))
        if last < len(spans):
            last = _good_end(text, spans, earliest=first + size * 4 // 5, latest=last)
        windows.append((first, last))
        if last == len(spans):
            break
        first = _word_start(spans, earliest=first + 1, wanted=last - overlap)
    return windows


def _good_end(text: str, spans: Spans, *, earliest: int, latest: int) -> int:
    """Return the token count at the last sentence end in reach, else at a word end."""
    for last in range(latest, earliest, -1):
        gap = text[spans[last - 1][1] - 1 : spans[last][0] + 1]
        if _SENTENCE_END.search(gap):
            return last
    for last in range(latest, earliest, -1):
        if spans[last - 1][1] < spans[last][0]:
            return last
    return latest


def _word_start(spans: Spans, *, earliest: int, wanted: int) -> int:
    """Return the start of the word that holds token `wanted`, or `earliest` if that is later."""
    first = max(wanted, earliest)
    while first > earliest and spans[first - 1][1] == spans[first][0]:
        first -= 1
    return first


def _sections(lines: Iterable[Line]) -> list[str]:
    """Return for each line the last Markdown heading at or before it."""
    sections, held = [], ""
    for line in lines:
        held = _heading(line.text) or held
        sections.append(held)
    return sections


def _heading(text: str) -> str:
    """Return the title of a heading line, empty for any other line.

    Without a regular expression: no line, however long and odd, takes more than one pass.
    """
    title = text.lstrip("#")
    if not 1 <= len(text) - len(title) <= 6 or not title[:1].isspace():
        return ""
    return title.strip().rstrip("#").rstrip()[:_MAX_SECTION]


def _union(lines: Sequence[Line]) -> Box | None:
    box: Box | None = None
    for line in lines:
        if line.box is not None:
            box = line.box if box is None else box.union(line.box)
    return box
