"""Values in texts: numbers, codes and names, as a claim and its evidence are compared by them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mmrag_pipeline.wording import STOP_WORDS

Kind = Literal["number", "code", "name"]
_GAP = "\u00a0\u202f"
GAPPED = rf"\d{{1,3}}(?:[{_GAP}]\d{{3}})+(?!\d)"
"""Digits grouped by hard blanks; a plain blank may as well stand between two numbers."""
_TOKEN = re.compile(rf"(?<![\w.,])[-+−]?(?:{GAPPED}|\d)[\w.,'’:/-]*|[^\W_][\w'’:/.&-]*")
"""A sign counts only where no word touches it: `R-7730` holds no negative number."""
_TRAILING = ".,:;'’/-&"
_GROUPED = re.compile(r"\d{1,3}(?:[,'’]\d{3})+(?:\.\d+)?")
_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_SPACED = re.compile(rf"{GAPPED}(?:[.,]\d+)?")
_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_COMMA = re.compile(r"\d+,\d+")
_WITH_UNIT = re.compile(rf"([-+−]?(?:{GAPPED}|\d)[\d.,'’]*)([^\W\d_]{{1,3}})")
_CURRENCY = re.compile(r"([^\W\d_]{1,3})(\d+\.\d\d)")
_CURRENCIES = str.maketrans({"€": " EUR ", "£": " GBP ", "¥": " JPY "})
_US_DOLLAR = re.compile(r"\bUS\s?\$")
_LEADING_ZEROS = re.compile(r"0\d{2,}")
_MINUS = "−"
_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Value:
    """Something that is either the same or wrong; `same` is what equal values share."""

    kind: Kind
    text: str
    """As it is written."""
    same: str


def values(text: str) -> list[Value]:
    """Return the numbers, codes and names of a text, in order.

    A number is compared as one: 1,299.00 is 1299 and 1.299,00. A code holds a digit beside other
    characters (XR-200, 2024-07-19, 10:30) and is compared without case. A name is a word with a
    capital inside a sentence, or of capitals only.
    """
    return [value for word, first in _words(text) if (value := _value(word, first))]


def exact(text: str) -> list[Value]:
    """Return the numbers and codes of a text, in order."""
    return [value for value in values(text) if value.kind != "name"]


def holds(text: str, value: Value) -> bool:
    """Return whether a text has a value: a name as a word in any case, others as values."""
    if value.kind == "name":
        return value.same in {word.casefold() for word, _ in _words(text)}
    return value.same in {one.same for one in exact(text)}


def number_of(word: str) -> Decimal | None:
    """Return what a number is worth, however it is written; None for what is none.

    A comma before three digits groups thousands, as do an apostrophe and a hard blank; a single
    point before three is a decimal point. Digits behind a zero (0012345, not 05) are a code.
    """
    sign = -1 if word[:1] in ("-", _MINUS) else 1
    digits = word.lstrip(f"-+{_MINUS}")
    if _SPACED.fullmatch(digits):
        digits = re.sub(f"[{_GAP}]", "", digits).replace(",", ".")
    elif _GROUPED.fullmatch(digits):
        digits = re.sub("[,'’]", "", digits)
    elif _EUROPEAN.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif _COMMA.fullmatch(digits):
        digits = digits.replace(",", ".")
    plain = digits.isascii() and _PLAIN.fullmatch(digits) and not _LEADING_ZEROS.match(digits)
    return sign * Decimal(digits) if plain else None


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each word and whether it is the first of a sentence."""
    end, text = 0, _US_DOLLAR.sub(" USD ", text).translate(_CURRENCIES)
    for match in _TOKEN.finditer(text):
        between = text[end : match.start()]
        first = end == 0 or any(mark in between for mark in ".!?\n")
        word = match[0].rstrip(_TRAILING)
        end = match.start() + len(word)
        for part in _apart(word):
            yield part, first


def _apart(word: str) -> list[str]:
    """Part a number from the unit or currency that touches it (45l, RM129.50)."""
    for pattern in (_WITH_UNIT, _CURRENCY):
        if found := pattern.fullmatch(word):
            return [part for part in found.groups() if part]
    return [word]


def _value(word: str, first: bool) -> Value | None:
    number = number_of(word) if any(c.isdigit() for c in word) else None
    if number is not None:
        return Value("number", word, format(number.normalize() + 0, "f"))
    if any(c.isdigit() for c in word):
        return Value("code", word, word.casefold())
    if word.casefold() in STOP_WORDS:
        return None
    capitals = word.isupper() and len(word) >= _SHORTEST_NAME
    if capitals or (word[:1].isupper() and not first and len(word) >= _SHORTEST_NAME):
        return Value("name", word, word.casefold())
    return None
