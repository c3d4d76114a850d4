"""One spelling for what is written in many: as long as before, so that places stay."""

from typing import NamedTuple


class Span(NamedTuple):
    """The characters [start, stop) of a text."""

    start: int
    stop: int


_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_HYPHENS = dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-")
_SPACES = dict.fromkeys((0x09, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_SPELLINGS = str.maketrans({**_WIDE, **_HYPHENS, **_SPACES})


def plain(text: str) -> str:
    """Return a text of the same length with ASCII digits, hyphens and spaces."""
    return text.translate(_SPELLINGS)
