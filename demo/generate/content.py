"""Reads the TOML files that say what the corpus holds."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

FOLDER = Path(__file__).parent / "content"
T = TypeVar("T")
DOMAINS = ("electronics", "outdoor", "kitchen", "office")


@dataclass(frozen=True, slots=True)
class CardText:
    """A product card: one object, its name, code, price and two remarks."""

    object: str
    name: str
    code: str
    price: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperText:
    """A receipt or invoice with its lines; `state` says how the paper was scanned."""

    title: str
    place: str
    number: str
    date: str
    state: str
    lines: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ChartText:
    """A chart or dashboard: labels with values."""

    style: str
    title: str
    labels: tuple[str, ...]
    values: tuple[int, ...]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScreenText:
    """A settings or error dialog."""

    style: str
    title: str
    body: tuple[str, ...]
    buttons: tuple[str, ...]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class ManualText:
    """A manual with one (heading, paragraph) per page."""

    key: str
    title: str
    scanned: bool
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A query before its relevance is computed."""

    text: str = ""
    image: str = ""
    shows: frozenset[str] = frozenset()
    holds: str = ""
    topic: str = ""
    answer: str = ""
    """The value that is asked for, as it is written in every file that answers."""


@dataclass(frozen=True, slots=True)
class AskGroup:
    """The queries of one kind."""

    kind: str
    asks: tuple[Ask, ...]


def load(name: str, shape: type[T]) -> T:
    """Return `content/NAME.toml` as `shape`; raises pydantic's ValidationError when it differs."""
    raw = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return TypeAdapter(shape).validate_python(raw)
