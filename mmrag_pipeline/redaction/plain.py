"""One spelling for what is written in many, and where in the text itself it stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """The characters [start, stop) of a text."""

    start: int
    stop: int


_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_HYPHENS = dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-")
_SPACES = dict.fromkeys((0x09, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_SPELLINGS = str.maketrans({**_WIDE, **_HYPHENS, **_SPACES})
_UNSEEN = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufe00-\ufe0f\ufeff"
)
"""Soft hyphens, joiners, marks of direction and of variants: they stand in a word unseen."""
_DROPPED = re.compile(rf"[{_UNSEEN}]+|(?<=[^ ] ) ")
"""Of two spaces one goes; of three and more, columns of a table, two and more stay."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A text with ASCII digits, hyphens and single spaces, and nothing unseen."""

    text: str
    places: Sequence[int]
    """Where each of its characters stands in the text as it was."""

    def span(self, found: Span) -> Span:
        """Return where what was found, which is not empty, stands in the text as it was."""
        return Span(self.places[found.start], self.places[found.stop - 1] + 1)


def plain(text: str) -> Plain:
    """Return the one spelling of a text."""
    spelled = text.translate(_SPELLINGS)
    parts, places, done = list[str](), list[range](), 0
    for dropped in _DROPPED.finditer(spelled):
        parts.append(spelled[done : dropped.start()])
        places.append(range(done, dropped.start()))
        done = dropped.end()
    if not parts:
        return Plain(spelled, range(len(text)))
    places.append(range(done, len(text)))
    return Plain("".join([*parts, spelled[done:]]), [at for kept in places for at in kept])
