"""What the generator knows about each file, so that relevance needs no guessing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the corpus with everything that is shown or written in it."""

    key: str
    """`DOMAIN/relative path`."""
    data: bytes
    shows: frozenset[str] = frozenset()
    """Names of the objects drawn in it."""
    text: str = ""
    """Every word drawn or written in it."""
    topics: frozenset[str] = frozenset()
    """What a person would ask for in other words."""
