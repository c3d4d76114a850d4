"""Which amount of a page a question is after: that of an item, or that of the document itself."""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from mmrag_pipeline.amounts import CODES
from mmrag_pipeline.answer_records import Passage
from mmrag_pipeline.intent import Intent
from mmrag_pipeline.values import exact
from mmrag_pipeline.wording import content_words

_TAX = r"(?:\W+(?:incl|including|inclusive|with)\W+(?:of )?(?:vat|tax|gst|sst))?"
_MONEY = rf"(?:[\W\d_]|{CODES})*+"
_ALONE = re.compile(_MONEY, re.I)
_PRICE = re.compile(
    rf"\W*+(?:(?:(?:unit |list |retail )?price|(?:(?:it|this) )?costs?|fee){_TAX}\b)?{_MONEY}", re.I
)
_LABELS = tuple(
    re.compile(rf"\W*+(?:{label}){_TAX}\b{_MONEY}", re.I)
    for label in (
        "grand total",
        "(?:invoice |order )?total(?: (?:amount|sum|price|cost|due|payable|to pay))?",
        "(?:amount|balance) (?:due|payable)|amount to pay",
    )
)
"""Rows that say what all of a document comes to, the surest first; nothing else stands in them."""


def amounts_asked_for(wanted: Intent, page: Sequence[Passage]) -> list[Passage]:
    """Return the passages of a page that hold the amount a question asks for, maybe several.

    What only a row of an amount names is an item. Where all that is asked about stands above the
    amounts, the document is meant: its total, a row that names all, or the only price there is.
    """
    priced = [passage for passage in page if wanted.fits(passage.text)]
    heading = _named(wanted, _heading(wanted, page))
    of_items = _named(wanted, priced) - heading
    if of_items:
        return [one for one in priced if of_items & _named(wanted, [one])]
    if wanted.specific and wanted.specific <= heading:
        if totals := _totals(wanted, priced):
            return totals
        if stated := [one for one in priced if wanted.specific <= _named(wanted, [one])]:
            return stated
    return _only(wanted, priced)


def _only(wanted: Intent, priced: Sequence[Passage]) -> list[Passage]:
    """Return the rows of a price that is of no item, where the page has no other amount."""
    different = {tuple(value.same for value in exact(wanted.value(one.text))) for one in priced}
    return [one for one in priced if len(different) == 1 and _PRICE.fullmatch(one.text)]


def _heading(wanted: Intent, page: Iterable[Passage]) -> list[Passage]:
    """Return what stands above the first amount; the label of an amount alone is not part of it."""
    rows = list(page)
    above = list(takewhile(lambda one: not wanted.fits(one.text), rows))
    alone = len(above) < len(rows) and _ALONE.fullmatch(rows[len(above)].text)
    return above[:-1] if alone else above


def _named(wanted: Intent, rows: Iterable[Passage]) -> frozenset[str]:
    return wanted.specific & {word for one in rows for word in content_words(one.text)}


def _totals(wanted: Intent, priced: Sequence[Passage]) -> list[Passage]:
    """Return the rows of the surest label, of those that the question names best."""
    rows = [[one for one in priced if label.fullmatch(one.text)] for label in _LABELS]
    best = max((wanted.coverage(one.text) for row in rows for one in row), default=0.0)
    named = [[one for one in row if wanted.coverage(one.text) == best] for row in rows]
    return next(filter(None, named), [])
