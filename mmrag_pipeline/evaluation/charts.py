"""Charts as positions in percent of their place: a template draws them, a browser stretches them.

Shapes in percent keep the width of lines and the size of words, whatever the width of a screen.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_MARGIN = 4.0
"""Percent of a trend's height and width that stay free on each side, so that dots are whole."""
_STEPS = 10
"""An axis begins and ends at tenths."""
_ROUNDING = 1e-9
Dot = tuple[float, float]
"""Percent from the left, percent from the top."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A mean between 0 and 1 with its interval."""

    name: str
    value: float
    low: float
    high: float
    ablation: bool = False
    """Neither the fusion nor a signal alone."""


@dataclass(frozen=True, slots=True)
class Line:
    """One ranking in a trend."""

    name: str
    dots: tuple[Dot, ...]
    last: float
    """Its latest value."""

    @property
    def segments(self) -> Iterator[tuple[Dot, Dot]]:
        """Yield what joins each dot with the next."""
        return zip(self.dots, self.dots[1:], strict=False)


@dataclass(frozen=True, slots=True)
class Trend:
    """Lines over runs in order; the axis goes from `low` at the bottom to `high` at the top."""

    lines: tuple[Line, ...]
    low: float
    high: float


def percent(value: float) -> str:
    """Return where a value between 0 and 1 lies on an axis from 0 to 1."""
    return f"{100 * min(max(value, 0.0), 1.0):.2f}%"


def trend(runs: Sequence[Mapping[str, float]]) -> Trend:
    """Return lines through ranking -> value of each run, oldest first; at least one value.

    Runs are as far apart as each other, whatever the time between them. A ranking that a run does
    not have is passed over there.
    """
    low, high = _axis([value for run in runs for value in run.values()])
    names = dict.fromkeys(name for run in runs for name in run)
    return Trend(tuple(_line(name, runs, low, high) for name in names), low, high)


def _line(name: str, runs: Sequence[Mapping[str, float]], low: float, high: float) -> Line:
    dots = tuple(
        (
            _place(number / (len(runs) - 1) if len(runs) > 1 else 0.5),
            _place(_down(value, low, high)),
        )
        for number, value in ((n, run[name]) for n, run in enumerate(runs) if name in run)
    )
    return Line(name, dots, next(run[name] for run in reversed(runs) if name in run))


def _down(value: float, low: float, high: float) -> float:
    return (high - value) / (high - low)


def _place(share: float) -> float:
    return round(_MARGIN + (100 - 2 * _MARGIN) * share, 2)


def _axis(values: Sequence[float]) -> tuple[float, float]:
    """Return tenths around the values; at least one apart."""
    low = math.floor(min(values) * _STEPS + _ROUNDING)
    high = math.ceil(max(values) * _STEPS - _ROUNDING)
    if low >= high:
        low, high = (low - 1, high) if high >= _STEPS else (low, low + 1)
    return low / _STEPS, high / _STEPS
