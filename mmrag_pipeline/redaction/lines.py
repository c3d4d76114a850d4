"""Lines without personal data: each value becomes a mark, its box and all other text stay."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import accumulate
from typing import NamedTuple

from mmrag_pipeline.ids import Json
from mmrag_pipeline.marks import MARKS, PersonalData
from mmrag_pipeline.records import Line
from mmrag_pipeline.redaction.cards import cards
from mmrag_pipeline.redaction.ibans import ibans
from mmrag_pipeline.redaction.mails import mails
from mmrag_pipeline.redaction.national_ids import national_ids
from mmrag_pipeline.redaction.phones import phones
from mmrag_pipeline.redaction.plain import Span, plain
from mmrag_pipeline.redaction.rules import Rules

_REVISION = 3
"""Raise it when the same text is redacted otherwise."""
_FINDERS: Mapping[PersonalData, Callable[[str, Rules], Iterable[Span]]] = {
    "email": lambda text, _: mails(text),
    "phone": lambda text, rules: phones(text, rules.region),
    "card": lambda text, _: cards(text),
    "iban": lambda text, _: ibans(text),
    "national_id": lambda text, rules: national_ids(text, rules.national_ids),
}
_KNOWING: Mapping[PersonalData, str] = {
    "phone": "phonenumbers",
    "iban": "python-stdnum",
    "national_id": "python-stdnum",
}
"""Kind -> the package that knows the world's numbers: another version may find others."""


class Match(NamedTuple):
    """A value in a text, [start, stop)."""

    start: int
    stop: int
    kind: PersonalData


def recipe(rules: Rules) -> list[Json]:
    """Return what decides a redacted text; it is empty for rules that change none."""
    if not rules.kinds:
        return []
    packages = sorted({_KNOWING[kind] for kind in rules.kinds if kind in _KNOWING})
    return [_REVISION, rules.parameters, [f"{name} {version(name)}" for name in packages]]


def redacted(lines: Sequence[Line], rules: Rules) -> Sequence[Line]:
    """Return a page's lines, in reading order, with a mark for each value.

    As many lines come back, each in its box; without a value they are the same.
    """
    return marked(lines, found_in(lines, rules))


def found_in(lines: Sequence[Line], rules: Rules) -> list[Match]:
    """Return the values in a page's lines, in reading order, as places in them joined by breaks."""
    return values("\n".join(line.text for line in lines), rules) if rules.kinds else []


def marked(lines: Sequence[Line], found: Sequence[Match]) -> Sequence[Line]:
    """Return lines with a mark for each value that was found in them.

    A value that goes on in the next line has its mark where it begins.
    """
    if not found:
        return lines
    starts = accumulate((len(line.text) + 1 for line in lines), initial=0)
    stops = [one.stop for one in found]
    begins = [one.start for one in found]
    return [
        replace(line, text=_marked(line.text, at, found[_within(stops, begins, at, line)]))
        for at, line in zip(starts, lines, strict=False)
    ]


def values(text: str, rules: Rules) -> list[Match]:
    """Return the values in a text, sorted and apart; of two that overlap the first names both."""
    spelled = plain(text)
    every = sorted(
        (
            Match(*spelled.span(span), kind)
            for kind in rules.kinds
            for span in _FINDERS[kind](spelled.text, rules)
        ),
        key=lambda one: (one.start, -one.stop),
    )
    return list(_apart(every))


def _apart(found: Iterable[Match]) -> Iterator[Match]:
    held: Match | None = None
    for one in found:
        if held is None or one.start >= held.stop:
            if held is not None:
                yield held
            held = one
        else:
            held = held._replace(stop=max(held.stop, one.stop))
    if held is not None:
        yield held


def _within(stops: Sequence[int], begins: Sequence[int], at: int, line: Line) -> slice:
    """Return which values have characters in a line that begins `at`."""
    return slice(bisect_right(stops, at), bisect_left(begins, at + len(line.text)))


def _marked(text: str, at: int, found: Sequence[Match]) -> str:
    parts, done = [], 0
    for one in found:
        begins = one.start >= at
        parts += [text[done : max(one.start - at, 0)], MARKS[one.kind] if begins else ""]
        done = one.stop - at
    return "".join([*parts, text[done:]])
