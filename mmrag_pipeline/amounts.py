"""Numbers with the scale, currency or unit that is told with them: $1.5bn, 53 %, 12.50 EUR."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mmrag_pipeline.values import GAPPED, number_of

_CURRENCIES: Mapping[str, str] = {
    **dict.fromkeys(("$", "us$", "usd", "dollar", "dollars"), "usd"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "eur"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds"), "gbp"),
    **dict.fromkeys(("¥", "jpy", "yen"), "jpy"),
    **dict.fromkeys(("₹", "inr", "rupee", "rupees"), "inr"),
    **dict.fromkeys(("rm", "myr", "ringgit"), "myr"),
    **dict.fromkeys(("chf", "franc", "francs"), "chf"),
    **dict.fromkeys(("cny", "rmb", "yuan"), "cny"),
}
_SCALES: Mapping[str, int] = {
    **dict.fromkeys(("k", "thousand", "thousands"), 10**3),
    **dict.fromkeys(("mn", "mln", "mio", "million", "millions"), 10**6),
    **dict.fromkeys(("bn", "bln", "mrd", "billion", "billions"), 10**9),
    **dict.fromkeys(("tn", "trillion", "trillions"), 10**12),
}
_MEASURES: Mapping[str, tuple[str, Decimal]] = {
    **dict.fromkeys(("%", "percent", "pct"), ("%", Decimal(1))),
    **{name: ("m", Decimal(f)) for name, f in {"mm": "0.001", "cm": "0.01", "km": "1000"}.items()},
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", Decimal(1))),
    **{name: ("g", Decimal(f)) for name, f in {"mg": "0.001", "g": "1", "kg": "1000"}.items()},
    **{name: ("l", Decimal(f)) for name, f in {"ml": "0.001", "cl": "0.01", "l": "1"}.items()},
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("s", Decimal(1))),
    **dict.fromkeys(("min", "minute", "minutes"), ("s", Decimal(60))),
    **dict.fromkeys(("h", "hour", "hours"), ("s", Decimal(3_600))),
}
_DIGITS = rf"{GAPPED}(?:[.,]\d+)?|\d[\d,.'’]*\d|\d"
_NUMBER = re.compile(rf"(?<!\w)(?<!\w[-/:.])[-+]?(?:{_DIGITS})(?!\d)(?![-/:]\d)")
_BEFORE = re.compile(r"([^\W\d_]+\$?|[$€£¥₹])\s?$")
_AFTER = re.compile(r"(\s?)(%|[$€£¥₹]|[^\W\d_]+)")
_CODES = "rm|usd|eur|gbp|jpy|inr|myr|chf|cny|rmb"
_CODE_BEFORE_DIGIT = re.compile(rf"\b({_CODES})(?=\d)", re.IGNORECASE)
_SHORT_SCALE = re.compile(rf"((?:[$€£¥₹]|\b(?:{_CODES}))\s?\d[\d.,]*\s?[mbt])\b", re.IGNORECASE)
"""Behind money an m is no metre: $5m, EUR 1.5B."""
_OF_NO_NUMBER = re.compile(rf"(?<!\d)(?<!\d\s)\b(?:{'|'.join(_SCALES)})\b")
_WORDS_AFTER = 2
"""A scale and a unit: 5 million dollars."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, the scale and the unit that are told with it; no unit is an empty one."""

    text: str
    """As it is written, scale and unit included."""
    number: Decimal
    """Its digits alone."""
    scale: int
    unit: str
    factor: Decimal
    """How many base units (m, g, l, s) its unit is."""

    @property
    def written(self) -> Decimal:
        """Return the number, scale multiplied out, in the unit that it is written in."""
        return self.number * self.scale

    @property
    def value(self) -> Decimal:
        """Return the number in the base unit of its kind."""
        return self.written * self.factor

    def same(self, other: "Amount") -> bool:
        """Return whether both say the same; what has no unit is compared as it was written."""
        if self.unit and other.unit:
            return (self.value, self.unit) == (other.value, other.unit)
        return self.written == other.written

    @property
    def measure(self) -> tuple[str, Decimal] | None:
        """Return unit and factor where they are told; a lone m is metres, minutes or millions."""
        told = (self.unit, self.factor)
        return told if self.unit and told != _MEASURES["m"] else None


def amounts(text: str) -> list[Amount]:
    """Return the numbers of a text, in order, with scale, currency, percent sign or unit.

    Digits are read as values.number_of reads them. Scales (million, bn) are multiplied out,
    lengths, masses, volumes and times brought to m, g, l, s. What stands within codes, dates,
    times of day and ranges (XR-200, 12/01/2019, 10-20) is no amount.
    """
    plain = _CODE_BEFORE_DIGIT.sub(r"\1 ", text.replace("\u2212", "-"))
    return list(_found(_SHORT_SCALE.sub(r"\1n", plain)))


def scales_apart(text: str) -> frozenset[int]:
    """Return the scales that a text names beside no number, as the head of a table does."""
    return frozenset(_SCALES[match[0]] for match in _OF_NO_NUMBER.finditer(text.lower()))


def currency(word: str) -> str:
    """Return the currency that a word or sign names, as an Amount's unit; empty for none."""
    return _CURRENCIES.get(word.lower(), "")


def _found(text: str) -> Iterator[Amount]:
    for number in _NUMBER.finditer(text):
        value = number_of(number[0])
        words, end, glued = _after(text, number.end())
        if value is None or (glued and not words):  # 3D, 1st: part of a word
            continue
        before = _BEFORE.search(text[: number.start()])
        money = currency(before[1]) if before else ""
        start = before.start() if before and money else number.start()
        scale, unit, factor = _meaning([*words, money])
        yield Amount(text[start:end], value, scale, unit, factor)


def _after(text: str, start: int) -> tuple[list[str], int, bool]:
    """Return the known words after a number, their end, and whether letters touch the number."""
    words: list[str] = []
    glued = False
    for _ in range(_WORDS_AFTER):
        found = _AFTER.match(text, start)
        glued = glued or bool(found and not words and not found[1] and found[2].isalpha())
        if found is None or not _is_known(found[2].lower()):
            break
        words.append(found[2].lower())
        start = found.end()
    return words, start, glued


def _is_known(word: str) -> bool:
    return word in _SCALES or word in _MEASURES or word in _CURRENCIES


def _meaning(words: list[str]) -> tuple[int, str, Decimal]:
    """Return the scale, the unit and how many base units it is, of the words at a number."""
    scale, unit, factor = 1, "", Decimal(1)
    for word in words:
        scale *= _SCALES.get(word, 1)
        if not unit and word in _MEASURES:
            unit, factor = _MEASURES[word]
        elif not unit and word:
            unit = _CURRENCIES.get(word, word if word in _CURRENCIES.values() else "")
    return scale, unit, factor
