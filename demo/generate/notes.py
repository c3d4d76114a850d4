"""Text and Markdown notes."""

from collections.abc import Iterator

from demo.generate.content import load
from demo.generate.item import Item


def notes() -> Iterator[Item]:
    """Yield every note."""
    for key, text in load("notes", dict[str, dict[str, str]])["notes"].items():
        yield Item(key, text.encode(), text=text)
