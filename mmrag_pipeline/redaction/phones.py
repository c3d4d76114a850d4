"""Telephone numbers, by what libphonenumber knows of the world's numbering plans."""

import re
from collections.abc import Iterator
from itertools import accumulate

from mmrag_pipeline.redaction.plain import Span

_LEAST_DIGITS = 7
_ANNOUNCED = re.compile(
    r"\b(?:te[l1](?:efono|efon|ephone)?|t[eé]l(?:[eé]phone)?|(?:tele)?phone|fax|mobile?|mob|cell"
    r"|handy|h/?p|call|hotline|careline|contact|whats ?apps?|sms|[tfmp](?=[.:]))(?:\b|(?=[0-9]))",
    re.IGNORECASE,
)
"""Says that numbers behind it are telephones; `te1` is what OCR makes of `tel`."""
_SHORT = 24
"""Characters of a line that may announce what the next one holds."""
_BROKEN = re.compile(r"(\+[0-9][0-9 ().-]*)\n[0-9 ().-]*[0-9]")


def phones(text: str, region: str | None) -> Iterator[Span]:
    """Yield the places of telephone numbers in a plain text.

    Those with a country's code are found anywhere, also over two lines. Others, of `region`, are
    where a word announces them, or where they are grouped as that region groups them: digits
    alone are an order number as well.
    """
    lines = text.split("\n")
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    before = ""
    for start, line in zip(starts, lines, strict=False):
        if sum(char.isdigit() for char in line) >= _LEAST_DIGITS:
            yield from _in_line(line, start, before, region)
        before = line if len(line) <= _SHORT else ""
    yield from _over_lines(text)


def _in_line(line: str, at: int, before: str, region: str | None) -> Iterator[Span]:
    from phonenumbers import Leniency, PhoneNumberMatcher  # it takes a while

    announced = _ANNOUNCED.search(f"{before}\n{line}")
    first = announced.end() - len(before) - 1 if announced else len(line)
    for leniency in (Leniency.VALID, Leniency.STRICT_GROUPING):
        for found in PhoneNumberMatcher(line, region, leniency=leniency):
            grouped = leniency == Leniency.STRICT_GROUPING and not found.raw_string.isdigit()
            if grouped or found.start >= first or found.raw_string.startswith("+"):
                yield Span(at + found.start, at + found.end)


def _over_lines(text: str) -> Iterator[Span]:
    for found in _BROKEN.finditer(text):
        if _is_valid(found[0].replace("\n", " ")) and not _is_valid(found[1]):
            yield Span(*found.span())


def _is_valid(number: str) -> bool:
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return is_valid_number(parse(number))
    except NumberParseException:
        return False
