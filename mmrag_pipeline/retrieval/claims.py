"""Which numbers, codes and names of a sentence its evidence does not have."""

from dataclasses import dataclass
from decimal import Decimal

from mmrag_pipeline.amounts import Amount, amounts, currency, scales_apart
from mmrag_pipeline.numerals import closed, closed_lines, in_digits
from mmrag_pipeline.values import Value, exact, holds, values


def as_evidence(text: str) -> str:
    """Return what evidence says with its numbers in digits; what may be read in two ways, in both.

    A line whose only number is grouped by plain blanks comes again, with that number closed.
    """
    digits = in_digits(text, lone_one=True)
    return "\n".join([digits, *closed_lines(digits)])


def as_claim(text: str, shown: str) -> str:
    """Return a sentence with its numbers in digits, closed where evidence has them so."""
    digits = in_digits(text, lone_one=False)
    return closed(digits, lambda number: all(holds(shown, one) for one in exact(number)))


def missing(claim: str, shown: str) -> tuple[str, ...]:
    """Return the values of a claim that evidence lacks, each once; both as the above read them.

    A number that is there, but only with another unit, currency or scale, is named with its own.
    """
    told, known = _Told.of(claim), _Told.of(shown)
    found = (_lacking(value, told, known) for value in values(claim))
    return tuple(dict.fromkeys(text for text in found if text))


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
        return "" if held or _tells_currency(value, known) else value.text
    claims = [one for one in told.amounts if one.number == Decimal(value.same)]
    if not held:
        return "" if claims and all(_has_worth(one, known) for one in claims) else value.text
    wrong = (one.text for one in claims if not _is_borne_out(one, told, known))
    return next(wrong, "")


def _tells_currency(value: Value, known: _Told) -> bool:
    """Return whether a name is a currency that the evidence tells in another way: USD for $."""
    unit = currency(value.same)
    return bool(unit) and any(one.unit == unit for one in known.amounts)


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
    return None in (claim.measure, other.measure) or claim.measure == other.measure


def _scales_fit(claim: Amount, other: Amount, told: _Told, known: _Told) -> bool:
    """Return whether both have one scale, or the side without any may be meant in that scale."""
    if claim.scale == other.scale:
        return True
    if other.scale == 1:
        return other.measure is None or claim.scale in known.scales
    return claim.scale == 1 and other.scale in told.scales
