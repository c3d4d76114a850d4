"""Which numbers, codes and names of a sentence its evidence does not have."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from mmrag_pipeline.amounts import Amount, amounts, scales_apart, unit_of
from mmrag_pipeline.numerals import closed, closed_lines, in_digits
from mmrag_pipeline.values import Value, exact, holds, values

_TIME = re.compile(r"\b(\d{1,2}:\d{2})\s?([ap]m)\b", re.IGNORECASE)
_BELOW = re.compile(
    r"\b(?:loss|losses|lost|deficit|shortfall|below|down|fell|fall|drop(?:ped)?|outflows?|discounts?"
    r"|credit(?:ed)?|refund(?:ed)?|decreas(?:ed?|es)|declin(?:ed?|es)|reduc(?:ed?|es|tion))\b",
    re.IGNORECASE,
)
"""Words that say what a minus says: a loss of 5,000 is -5,000."""


def as_evidence(text: str) -> str:
    """Return what evidence says with its numbers in digits; what may be read in two ways, in both.

    A line whose only number is grouped by plain blanks comes again, with that number closed.
    """
    digits = in_digits(text, lone_one=True)
    times = (f"{time} {_half_day(time, half)}" for time, half in _TIME.findall(digits))
    return "\n".join([digits, *closed_lines(digits), *times])


def as_claim(text: str, shown: str) -> str:
    """Return a sentence with its numbers in digits, closed and signed as evidence has them."""

    def timed(match: re.Match[str]) -> str:
        told = any(_half_day(match[1], half) in shown for half in ("am", "pm"))
        return _half_day(*match.groups()) if told else f"{match[1]} {match[2].lower()}"

    digits = _TIME.sub(timed, in_digits(text, lone_one=False))
    whole = closed(digits, lambda number: all(holds(shown, one) for one in exact(number)))
    return _below_zero(whole, shown) if _BELOW.search(whole) else whole


def missing(claim: str, shown: str) -> tuple[str, ...]:
    """Return the values of a claim that evidence lacks, each once; both as the above read them.

    A number that is there, but only with another unit, currency or scale, is named with its own.
    """
    told, known = _Told.of(claim), _Told.of(shown)
    found = (_lacking(value, told, known) for value in values(claim))
    return tuple(dict.fromkeys(text for text in found if text))


def _half_day(time: str, half: str) -> str:
    return f"{time}{half.lower()}"


def _below_zero(text: str, shown: str) -> str:
    """Return a text with a minus at the numbers that evidence has only with one."""
    for one in (one for one in exact(text) if one.kind == "number" and one.text[0].isdigit()):
        minus = replace(one, same=f"-{one.same}")
        if holds(shown, minus) and not holds(shown, one):
            text = re.sub(rf"(?<![\w.,-]){re.escape(one.text)}(?!\w)", f"-{one.text}", text)
    return text


@dataclass(frozen=True, slots=True)
class _Told:
    text: str
    amounts: tuple[Amount, ...]
    scales: frozenset[int]
    """Scales that are named beside no number: what stands under `in millions` may be millions."""

    @classmethod
    def of(cls, text: str) -> "_Told":
        return cls(text, tuple(amounts(text)), scales_apart(text))


def _lacking(value: Value, told: _Told, known: _Told) -> str:
    """Return what of a value the evidence lacks, as it is written; empty where it has it."""
    held = holds(known.text, value)
    if value.kind != "number":
        return "" if held or _tells_unit(value, known) else value.text
    claims = [one for one in told.amounts if one.number == Decimal(value.same)]
    if not held:
        return "" if claims and all(_has_worth(one, known) for one in claims) else value.text
    wrong = (one.text for one in claims if not _is_borne_out(one, told, known))
    return next(wrong, "")


def _tells_unit(value: Value, known: _Told) -> bool:
    """Return whether a name is a unit that the evidence tells in another way: USD for $."""
    unit = unit_of(value.same)
    return bool(unit) and any(unit in dict(one.readings) for one in known.amounts)


def _has_worth(claim: Amount, known: _Told) -> bool:
    return any(claim.same(one) for one in known.amounts)


def _is_borne_out(claim: Amount, told: _Told, known: _Told) -> bool:
    """Return whether one of the numbers with the same digits is not at odds with the claim.

    A number that stands there as no amount (within `5M`) tells nothing that could be.
    """
    alike = [one for one in known.amounts if one.number == claim.number]
    compatible = any(
        _measures_fit(claim, one) and _scales_fit(claim, one, told, known) for one in alike
    )
    return not alike or compatible or _has_worth(claim, known)


def _measures_fit(claim: Amount, other: Amount) -> bool:
    if claim.is_at_odds(other):
        return False
    return not claim.measures or not other.measures or bool(claim.measures & other.measures)


def _scales_fit(claim: Amount, other: Amount, told: _Told, known: _Told) -> bool:
    """Return whether both have one scale, or the side without any may be meant in that scale."""
    if claim.scale == other.scale:
        return True
    if other.scale == 1:
        return not (other.measures or other.counts) or claim.scale in known.scales
    return claim.scale == 1 and other.scale in told.scales
