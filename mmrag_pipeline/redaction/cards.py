"""Numbers of payment cards: an issuer's first digits and length, and the Luhn checksum."""

import re
from collections.abc import Iterator, Sequence

from mmrag_pipeline.redaction.plain import Span

_RUN = re.compile(r"(?<![0-9])(?<![0-9][.,])[0-9]{4,19}(?![0-9])")
_NEXT = re.compile(r"(?:[ _-]\n?|\n| - ?\n?)([0-9]{1,12})(?![0-9])")
_DOTTED = re.compile(
    r"(?<![0-9])(?<![0-9][.,])[0-9]{4}\.\n?"
    r"(?:[0-9]{4}\.\n?[0-9]{4}(?:\.\n?[0-9]{1,4}){1,2}|[0-9]{6}\.\n?[0-9]{4,5})"
    r"(?![0-9])(?![.,][0-9])"
)
_MOST = 19
_DECIMALS = re.compile(r"[.,][0-9]")
_ISSUED = re.compile(
    r"4(?:\d{15}|\d{18})"  # Visa; those of 13 digits are no more, but barcodes of 13 are many
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners Club
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:50|5[6-9]|6[37])\d{14,17}",  # Maestro
    re.ASCII,
)


def cards(text: str) -> Iterator[Span]:
    """Yield the places of card numbers in a plain text.

    Digits are in a row, in groups of four (of which a line may break the number after any), or in
    the four-six-four and four-six-five of some issuers, or six-ten. Groups are apart by spaces,
    hyphens and underscores, or all by dots. Amounts with decimals are none.
    """
    for dotted in _DOTTED.finditer(text):
        if _is_card(re.sub(r"[.\n]", "", dotted[0])):
            yield Span(*dotted.span())
    for run in _RUN.finditer(text):
        for digits, groups, stop in _numbers(text, run):
            whole = _is_grouped(groups) and not _DECIMALS.match(text, stop)
            if whole and _is_card(digits):
                yield Span(run.start(), stop)


def _numbers(text: str, run: re.Match[str]) -> Iterator[tuple[str, list[int], int]]:
    """Yield the digits from a run on, the lengths of their groups, and where they end."""
    digits, groups, stop = run[0], [len(run[0])], run.end()
    yield digits, groups, stop
    while (more := _NEXT.match(text, stop)) and len(digits) + len(more[1]) <= _MOST:
        digits, groups, stop = digits + more[1], [*groups, len(more[1])], more.end()
        yield digits, groups, stop


def _is_grouped(groups: Sequence[int]) -> bool:
    known = groups in ([4, 6, 4], [4, 6, 5], [6, 10])
    return known or all(length % 4 == 0 for length in groups[:-1])


def _is_card(digits: str) -> bool:
    return _ISSUED.fullmatch(digits) is not None and _luhn(digits) == 0


def _luhn(digits: str) -> int:
    """Return the remainder of ISO/IEC 7812-1, annex B: 0 for a number without a slip."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10
