"""International bank account numbers (ISO 13616): a country's form, and the checksum."""

import re
from collections.abc import Iterator

from mmrag_pipeline.redaction.plain import Span

_START = re.compile(r"(?=[A-Z]{2}[0-9]{2})", re.ASCII | re.IGNORECASE)
_CHAR = re.compile(r"[ -]?\n?([0-9A-Z])", re.ASCII | re.IGNORECASE)
_DOTTED = re.compile(
    r"[A-Z]{2}[0-9]{2}(?:\.\n?[0-9A-Z]{4}){2,7}(?:\.\n?[0-9A-Z]{1,3})?(?![0-9A-Z])",
    re.ASCII | re.IGNORECASE,
)
"""Groups of four: dots elsewhere are those of sentences and amounts."""
_SHORTEST, _LONGEST = 15, 34


def ibans(text: str) -> Iterator[Span]:
    """Yield the places of account numbers in a plain text, in groups, in a row or over lines."""
    from stdnum import iban  # it takes a while, and few texts are asked for it

    for dotted in _DOTTED.finditer(text):
        if iban.is_valid(dotted[0].replace("\n", ""), check_country=False):
            yield Span(*dotted.span())
    for found in _START.finditer(text):
        for number, stop in _numbers(text, found.start()):
            if iban.is_valid(number, check_country=False):
                yield Span(found.start(), stop)


def _numbers(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield what has the checksum (MOD 97-10, ISO/IEC 7064) from here on, and where it ends."""
    number, stop = text[start : start + 4].upper(), start + 4
    head, rest = int("".join(str(int(char, 36)) for char in number)), 0
    while len(number) < _LONGEST and (char := _CHAR.match(text, stop)):
        number, stop = number + char[1].upper(), char.end()
        value = int(char[1], 36)
        rest = (rest * (100 if value > 9 else 10) + value) % 97
        goes_on = text[stop - 1].isdigit() and text[stop : stop + 1].isdigit()
        if len(number) >= _SHORTEST and (rest * 10**6 + head) % 97 == 1 and not goes_on:
            yield number, stop
