"""Numbers that a text spells out or groups by plain blanks, rewritten in digits without blanks."""

import re
from collections.abc import Callable, Mapping

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORTH: Mapping[str, int] = {
    "a": 1,
    **{word: n for n, word in enumerate((*_ONES, *_TEENS), start=1)},
    **{word: 10 * n for n, word in enumerate(_TENS, start=2)},
}
_SCALES: Mapping[str, int] = {
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_SCALE = rf"(?:{'|'.join(_SCALES)})\b"
_ONE = "|".join(_ONES)
SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{_ONE}))?|{'|'.join(_TEENS)}|{_ONE})\b"
_BELOW_THOUSAND = (
    rf"(?:(?:a|{SMALL})[\s-]hundred\b(?:\s(?:and\s)?{SMALL})?|{SMALL}|a(?=[\s-]{_SCALE}))"
)
_GROUP = rf"{_BELOW_THOUSAND}(?:[\s-]{_SCALE})?"
_PART_OR_RANK = (
    r"[\s-](?:hal(?:f|ves)|(?:third|quarter|fourth|fifth|sixth|eighth|tenth)s?)\b"
    r"|-(?:first|second|seventh|ninth)\b"
)
"""Two thirds are no 2, the twenty-first is no 20."""
_SPELLED = re.compile(
    rf"(?<![\w-]){_BELOW_THOUSAND}(?:[\s-]{_SCALE}(?:\s(?:and\s)?{_GROUP})*)?(?!\w|{_PART_OR_RANK})",
    re.IGNORECASE,
)
_GROUPS = re.compile(rf"({_BELOW_THOUSAND})(?:[\s-]({_SCALE}))?")
_COMPOUND = re.compile(r"(?<![\w.,/:-])(\d+)-(?=[a-z]{3,}\b)")
"""A 5-year warranty lasts 5 years."""
_FROM = re.compile(rf"(\d)(?=(?:\sto\s|\s?–\s?)(?:[$€£¥]|[A-Z]{{3}}\s)?\d[\d.,]*\s({_SCALE}))")
"""In `5 to 10 million` both are millions."""
_POINT_FIRST = re.compile(r"(?<![\w.,)])\.(?=\d)")
_HALF_DAY = re.compile(r"(?<=\d)\s?([ap])\.m\.", re.IGNORECASE)
_MINUS = re.compile(
    r"(?<!\d\s)(?<!\bone\s)\b(?:minus|negative)\s(?=[$€£¥₹]?\d)(?!\d{1,2}:\d\d)", re.IGNORECASE
)
_MINUS_MONEY = re.compile(r"(?<![\w.,])[-−]([$€£¥₹]\s?)(?=\d)")
_BRACKETED = re.compile(r"(?<!\w)\(([$€£¥₹]?\s?)(\d{1,3}(?:,\d{3})+(?:\.\d+)?)\)")
"""As accounts write what is below zero; (2019) and (12.50) are more often a remark."""
_BLANKED = re.compile(r"(?<![\w.,'’:/+−-])[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?(?![\w'’:/-]|[.,]\d)")


def in_digits(text: str, *, lone_one: bool) -> str:
    """Return a text with its English numbers in digits: twenty-five is 25, five million 5 million.

    `one` is more often a pronoun: alone it is written as 1 only where `lone_one` asks for it.
    """

    def written(match: re.Match[str]) -> str:
        words = match[0].lower()
        return match[0] if words == "one" and not lone_one else _written(words)

    digits = _COMPOUND.sub(r"\1 ", _SPELLED.sub(written, text))
    return _signed(_FROM.sub(r"\1 \2", _POINT_FIRST.sub("0.", _HALF_DAY.sub(r" \1m.", digits))))


def _signed(text: str) -> str:
    """Return a text with a minus right before each number that is below zero."""
    return _BRACKETED.sub(r"\1-\2", _MINUS_MONEY.sub(r"\1-", _MINUS.sub("-", text)))


def closed(text: str, wanted: Callable[[str], bool]) -> str:
    """Return a text with its numbers that plain blanks group (1 234.50) closed where wanted."""

    def rewritten(match: re.Match[str]) -> str:
        number = match[0].replace(" ", "").replace(",", ".")
        return number if wanted(number) else match[0]

    return _BLANKED.sub(rewritten, text)


def closed_lines(text: str) -> list[str]:
    """Return the lines that hold one number, grouped by plain blanks, and no digit else, closed.

    A line with more numbers is a row of a table, whose columns blanks part as well.
    """
    found = ((line, _BLANKED.search(line)) for line in text.split("\n"))
    alone = (line for line, group in found if group and not _has_digit(line, group))
    return [closed(line, lambda _: True) for line in alone]


def _has_digit(line: str, group: re.Match[str]) -> bool:
    """Return whether a line has a digit besides a group."""
    return any(c.isdigit() for c in line[: group.start()] + line[group.end() :])


def _written(words: str) -> str:
    groups = [(_below_thousand(found[1]), found[2] or "") for found in _GROUPS.finditer(words)]
    if len(groups) == 1:
        return " ".join(str(part) for part in groups[0] if part)
    return str(sum(number * _SCALES.get(scale, 1) for number, scale in groups))


def _below_thousand(words: str) -> int:
    hundreds, found, rest = words.partition("hundred")
    return 100 * _small(hundreds) + _small(rest) if found else _small(words)


def _small(words: str) -> int:
    return sum(_WORTH.get(word, 0) for word in re.split(r"[\s-]+", words))
