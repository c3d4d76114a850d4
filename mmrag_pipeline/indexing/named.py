"""Whether a message names a file: as a whole word, never as a part of another name."""

import re
from collections.abc import Iterable, Sequence

_BARE_CHARS = 9
"""Shorter names count in quotes only: they are words of messages, or parts of other names."""
_SHOWN_CHARS = 300
"""Messages quote no more of a longer key."""


def spelled(domain: str, keys: Iterable[str]) -> list[str]:
    """Return how messages may spell these keys: plain and as `repr` does, with the domain too."""
    found: dict[str, None] = {}
    for key in keys:
        for name in (key, f"{domain}/{key}"):
            quoted = repr(name)
            found |= dict.fromkeys((name, quoted[1:-1]))
            if len(quoted) > _SHOWN_CHARS:
                found[quoted[1:_SHOWN_CHARS]] = None
    return list(found)


def is_named(message: str, names: Sequence[str]) -> bool:
    """Return whether one of the names stands in a message, in quotes or as a word of its own."""
    return any(_stands(name, message) for name in names if name in message)


def _stands(name: str, message: str) -> bool:
    if any(f"{mark}{name}{mark}" in message for mark in "'\"`"):
        return True
    if len(name) < _BARE_CHARS:
        return False
    # a folder may lead to it; a dot or hyphen after it belongs to it only when more follows
    alone = rf"(?<![\w.-]){re.escape(name)}(?![\w/]|[.-]\w)"
    return re.search(alone, message) is not None
