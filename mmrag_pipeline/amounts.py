"""Numbers with the scale, currency, unit and rate told with them: $1.5bn, 53 %, 5 EUR a day."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mmrag_pipeline.values import GAPPED, number_of
from mmrag_pipeline.wording import STOP_WORDS

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
SIGNS = "$€£¥₹"
CODES = "rm|usd|eur|gbp|jpy|inr|myr|chf|cny|rmb"
"""Of currencies, as they stand beside amounts."""
_SCALES: Mapping[str, int] = {
    **dict.fromkeys(("k", "thousand", "thousands"), 10**3),
    **dict.fromkeys(("mn", "mln", "mio", "million", "millions"), 10**6),
    **dict.fromkeys(("bn", "bln", "mrd", "billion", "billions"), 10**9),
    **dict.fromkeys(("tn", "trillion", "trillions"), 10**12),
}
Measure = tuple[str, Decimal]
"""A unit's base unit, and how many of it it is."""
_POUND_G = Decimal("453.59237")
_YEAR: Measure = ("month", Decimal(12))
_MEASURES: Mapping[str, Measure] = {
    **dict.fromkeys(("%", "percent", "pct"), ("%", Decimal(1))),
    **{name: ("m", Decimal(f)) for name, f in {"mm": "0.001", "cm": "0.01", "km": "1000"}.items()},
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", Decimal(1))),
    **{name: ("g", Decimal(f)) for name, f in {"mg": "0.001", "g": "1", "kg": "1000"}.items()},
    **{name: ("l", Decimal(f)) for name, f in {"ml": "0.001", "cl": "0.01", "l": "1"}.items()},
    **dict.fromkeys(("lb", "lbs"), ("g", _POUND_G)),
    **dict.fromkeys(("oz", "ounce", "ounces"), ("g", _POUND_G / 16)),
    **dict.fromkeys(("pound", "pounds"), ("pound", Decimal(1))),
    **dict.fromkeys(("°c", "℃", "celsius", "°celsius"), ("°c", Decimal(1))),
    **dict.fromkeys(("°f", "℉", "fahrenheit", "°fahrenheit"), ("°f", Decimal(1))),
    **{half: (half, Decimal(1)) for half in ("am", "pm")},
}
_TIMES: Mapping[str, Measure] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("s", Decimal(1))),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("s", Decimal(60))),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("s", Decimal(3_600))),
    **dict.fromkeys(("day", "days"), ("s", Decimal(86_400))),
    **dict.fromkeys(("wk", "wks", "week", "weeks"), ("s", Decimal(604_800))),
    **dict.fromkeys(("month", "months"), ("month", Decimal(1))),
    **dict.fromkeys(("quarter", "quarters"), ("month", Decimal(3))),
    **dict.fromkeys(("yr", "yrs", "year", "years", "annum"), _YEAR),
}
_OFTEN: Mapping[str, Measure] = {
    **{f"{name}ly": _TIMES[name] for name in ("hour", "week", "month", "quarter", "year")},
    "daily": _TIMES["day"],
    "annually": _YEAR,
}
_DIGITS = rf"{GAPPED}(?:[.,]\d+)?|\d[\d,.'’]*\d|\d"
_NUMBER = re.compile(rf"(?<!\w)(?<!\w[-/:.])[-+]?(?:{_DIGITS})(?!\d)(?![-/:]\d)")
_BEFORE = re.compile(rf"([^\W\d_]+\$?|[{SIGNS}])\s?$")
_AFTER = re.compile(
    r"(\s?)(%|[$€£¥₹℃℉]|(?:°\s?|degrees?\s)(?:celsius|fahrenheit|[cf])\b|per\scent\b|[^\W\d_]+)",
    re.IGNORECASE,
)
_DEGREES = re.compile(r"degrees?(?=\s)|\s")
_RATE = re.compile(
    r"\s?(?:(?:/|(?:per|an?|each|every)\b)\s?([^\W\d_]+)|([^\W\d_]+ly)\b)", re.IGNORECASE
)
_COUNTED = re.compile(r"[ ]([a-z]{3,})\b(?!\.\w)")
_CODE_BEFORE_DIGIT = re.compile(rf"\b({CODES})(?=\d)", re.IGNORECASE)
_SHORT_SCALE = re.compile(rf"((?:[{SIGNS}]|\b(?:{CODES}))\s?\d[\d.,]*\s?[mbt])\b", re.IGNORECASE)
"""Behind money an m is no metre: $5m, EUR 1.5B."""
_OF_NO_NUMBER = re.compile(rf"(?<!\d)(?<!\d\s)\b(?:{'|'.join(_SCALES)})\b")
_LONGEST = 20
"""Characters before a number in which its currency stands: else each searches all text before."""
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
    """How many base units (m, g, l, s, month) its unit is."""
    rate: Measure | None = None
    """The time that it is told for: per day, a month, yearly."""
    counts: bool = False
    """Whether it stands right before an ordinary word: 53 items are no 53 %, nor 53 million."""

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
        if self.is_at_odds(other):
            return False
        if self.unit and other.unit:
            worths = {(unit, other.written * factor) for unit, factor in other.readings}
            return any((unit, self.written * f) in worths for unit, f in self.readings)
        return self.written == other.written

    def is_at_odds(self, other: "Amount") -> bool:
        """Return whether rates differ, or one is a share and the other a count."""
        if self.rate and other.rate and self.rate != other.rate:
            return True
        return (self.unit == "%" and other.counts) or (other.unit == "%" and self.counts)

    @property
    def readings(self) -> frozenset[Measure]:
        """Return what its unit may be: pounds are money or a mass."""
        if self.unit == "pound":
            return frozenset({("gbp", Decimal(1)), ("g", _POUND_G)})
        return frozenset({(self.unit, self.factor)})

    @property
    def measures(self) -> frozenset[Measure]:
        """Return its readings, if it tells a unit; a lone m is metres, minutes or millions."""
        told = bool(self.unit) and (self.unit, self.factor) != _MEASURES["m"]
        return self.readings if told else frozenset()


def amounts(text: str) -> list[Amount]:
    """Return the numbers of a text, in order, with scale, currency, percent sign or unit.

    Digits are read as values.number_of reads them. Scales (million, bn) are multiplied out,
    lengths, masses, volumes and times brought to m, g, l, s, month. What stands within codes,
    dates, times of day and ranges (XR-200, 12/01/2019, 10-20) is no amount.
    """
    plain = _CODE_BEFORE_DIGIT.sub(r"\1 ", text.replace("\u2212", "-"))
    return list(_found(_SHORT_SCALE.sub(r"\1n", plain)))


def scales_apart(text: str) -> frozenset[int]:
    """Return the scales that a text names beside no number, as the head of a table does."""
    return frozenset(_SCALES[match[0]] for match in _OF_NO_NUMBER.finditer(text.lower()))


def currency(word: str) -> str:
    """Return the currency that a word or sign names, as an Amount's unit; empty for none."""
    return _CURRENCIES.get(word.lower(), "")


def unit_of(word: str) -> str:
    """Return the currency or base unit that a word names; empty for none."""
    return currency(word) or _MEASURES.get(word.lower(), ("",))[0]


def _found(text: str) -> Iterator[Amount]:
    for number in _NUMBER.finditer(text):
        value = number_of(number[0])
        words, end, glued = _after(text, number.end())
        if value is None or (glued and not words):  # 3D, 1st: part of a word
            continue
        before = _BEFORE.search(text, max(number.start() - _LONGEST, 0), number.start())
        money = currency(before[1]) if before else ""
        start = before.start() if before and money else number.start()
        rate, end = _rate(text, end)
        counts = not words and not money and _is_count(text, end)
        timed = bool(words) and words[-1] in _TIMES
        meaning = _meaning([money, *words] if timed else [*words, money])
        yield Amount(text[start:end], value, *meaning, rate, counts)


def _after(text: str, start: int) -> tuple[list[str], int, bool]:
    """Return the known words after a number, their end, and whether letters touch the number."""
    words: list[str] = []
    glued = False
    for _ in range(_WORDS_AFTER):
        found = _AFTER.match(text, start)
        glued = glued or bool(found and not words and not found[1] and found[2].isalpha())
        word = _normal(found[2]) if found else ""
        if found is None or not _is_known(word):
            break
        words.append(word)
        start = found.end()
    return words, start, glued


def _normal(word: str) -> str:
    """Return a word as the tables above name it: `degrees C` as `°c`, `per cent` as `percent`."""
    return _DEGREES.sub(lambda found: "°" if found[0].strip() else "", word.lower())


def _rate(text: str, start: int) -> tuple[Measure | None, int]:
    """Return the time that an amount which ends here is told for, and where that ends."""
    found = _RATE.match(text, start)
    if found is None:
        return None, start
    time = _TIMES.get(found[1].lower()) if found[1] else _OFTEN.get(found[2].lower())
    return time, found.end() if time else start


def _is_count(text: str, start: int) -> bool:
    """Return whether an ordinary word follows: neither a unit nor one without a meaning."""
    found = _COUNTED.match(text, start)
    return found is not None and found[1] not in STOP_WORDS


def _is_known(word: str) -> bool:
    return word in _SCALES or word in _MEASURES or word in _TIMES or word in _CURRENCIES


def _meaning(words: list[str]) -> tuple[int, str, Decimal]:
    """Return the scale, the unit and how many base units it is, of the words at a number."""
    scale, unit, factor = 1, "", Decimal(1)
    for word in words:
        scale *= _SCALES.get(word, 1)
        if not unit and (measure := _MEASURES.get(word) or _TIMES.get(word)):
            unit, factor = measure
        elif not unit and word:
            unit = _CURRENCIES.get(word, word if word in _CURRENCIES.values() else "")
    return scale, unit, factor
