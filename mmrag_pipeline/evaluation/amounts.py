"""The numbers that a text holds, whatever way they are written: 1,299.00 and 1299, 53 % and 53%."""

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
    **dict.fromkeys(("mn", "million", "millions"), 10**6),
    **dict.fromkeys(("bn", "billion", "billions"), 10**9),
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
_CODE_BEFORE_DIGIT = re.compile(r"\b(rm|usd|eur|gbp|jpy|inr|myr|chf|cny|rmb)(?=\d)")
_WORDS_AFTER = 2
"""A scale and a unit: 5 million dollars."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in the base unit of its kind, and as it was written; no unit is an empty one."""

    value: Decimal
    written: Decimal
    unit: str

    def same(self, other: "Amount") -> bool:
        """Return whether both say the same; what has no unit is compared as it was written."""
        if self.unit and other.unit:
            return (self.value, self.unit) == (other.value, other.unit)
        return self.written == other.written


def amounts(text: str) -> list[Amount]:
    """Return the numbers of a text, in order, with currency, percent sign or unit.

    Digits are read as values.number_of reads them. Scales (million, bn) are multiplied out,
    lengths, masses, volumes and times brought to m, g, l, s. What stands within codes, dates,
    times of day and ranges (XR-200, 12/01/2019, 10-20) is no amount.
    """
    plain = _CODE_BEFORE_DIGIT.sub(r"\1 ", text.replace("\u2212", "-").lower())
    return list(_found(plain))


def _found(text: str) -> Iterator[Amount]:
    for number in _NUMBER.finditer(text):
        value = number_of(number[0])
        words, glued = _after(text, number.end())
        if value is None or (glued and not words):  # 3D, 1st: part of a word
            continue
        before = _BEFORE.search(text[: number.start()])
        currency = _CURRENCIES.get(before[1], "") if before else ""
        yield _amount(value, [*words, currency])


def _after(text: str, start: int) -> tuple[list[str], bool]:
    """Return the known words after a number, and whether letters follow it without a blank."""
    words: list[str] = []
    glued = False
    for _ in range(_WORDS_AFTER):
        found = _AFTER.match(text, start)
        glued = glued or bool(found and not words and not found[1] and found[2].isalpha())
        if found is None or not _is_known(found[2]):
            break
        words.append(found[2])
        start = found.end()
    return words, glued


def _is_known(word: str) -> bool:
    return word in _SCALES or word in _MEASURES or word in _CURRENCIES


def _amount(value: Decimal, words: list[str]) -> Amount:
    scaled, unit, factor = value, "", Decimal(1)
    for word in words:
        scaled *= _SCALES.get(word, 1)
        if not unit and word in _MEASURES:
            unit, factor = _MEASURES[word]
        elif not unit and word:
            unit = _CURRENCIES.get(word, word if word in _CURRENCIES.values() else "")
    return Amount(scaled * factor, scaled, unit)
