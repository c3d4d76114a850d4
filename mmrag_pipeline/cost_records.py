"""What was spent: rates, what a try of a step took, and a row for each of its stations."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Literal, get_args

import polars as pl

from mmrag_pipeline.cost_settings import Machine, Rate

End = Literal["done", "failed", "ended", "killed"]
"""How a try of a step came to its end: `ended` was asked to, `killed` did not say a word."""
_HOUR: Mapping[Machine, Rate] = {
    "cpu": "cpu_hour",
    "gpu": "gpu_hour",
    "gpu-spot": "gpu_spot_hour",
}
MACHINES: Sequence[Machine] = get_args(Machine)
_HOUR_S = 3_600
_MILLION = 1_000_000
STARTUP = "startup"
"""Station of what a process in a pod took until its first step began."""
Rates = Mapping[Rate, float]

SPENT = pl.Schema(
    {
        "attempt_id": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "run_id": pl.String(),
        "partition": pl.String(),
        "station": pl.String(),
        "machine": pl.String(),
        "end": pl.String(),
        "seconds": pl.Float64(),
        "lost_s": pl.Float64(),
        "computed": pl.Int64(),
        "reused": pl.Int64(),
        "failed": pl.Int64(),
        "prompt_tokens": pl.Int64(),
        "completion_tokens": pl.Int64(),
        "hourly": pl.Float64(),
        "on_demand": pl.Float64(),
        "money": pl.Float64(),
        "currency": pl.String(),
    }
)
"""The ledger's columns; null is what nobody knew, as money without a rate."""


def with_currency(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows as SPENT that were written before they named their currency."""
    known = "currency" in rows.columns
    return rows if known else rows.with_columns(currency=pl.lit(None, pl.String()))


def hourly(rates: Rates, machine: Machine) -> float | None:
    """Return the money of an hour on a kind of machine, None where no rate says."""
    return rates.get(_HOUR[machine])


def money_of(rates: Rates, machine: Machine, seconds: float) -> float | None:
    """Return the money of some seconds on a kind of machine, None where no rate says."""
    rate = hourly(rates, machine)
    return None if rate is None else rate * seconds / _HOUR_S


def token_money(rates: Rates, prompt: int | None, completion: int | None) -> float | None:
    """Return the money of tokens read and written, None where no rate or no count says."""
    counted: tuple[tuple[Rate, int | None], ...] = (
        ("prompt_mtokens", prompt),
        ("completion_mtokens", completion),
    )
    known = [rates[name] * count for name, count in counted if name in rates and count is not None]
    return sum(known) / _MILLION if known else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a step on a partition, as far as it has come."""

    attempt_id: str
    run_id: str
    partition: str
    stations: tuple[str, ...]
    machine: Machine
    rates: Rates
    started_at: datetime
    spent_s: float = 0.0
    """Seconds until it handed over the last results that are kept, or until its end if known."""
    lost_s: float | None = None
    """Seconds of these whose work was lost; None while it has not said how it ended."""
    end: End = "killed"
    """What it is taken for unless it says another end."""
    currency: str | None = None
    """What its rates are in."""

    def spent(self, *, redone_s: float = 0.0) -> list["Spent"]:
        """Return a row per station, each with an equal share.

        What a try that fell silent lost is what redoing it took, `redone_s`: it is spent twice.
        """
        lost_s = redone_s if self.lost_s is None else self.lost_s
        seconds = self.spent_s + (lost_s if self.lost_s is None else 0.0)
        parts = len(self.stations)
        return [
            spent_of(self, station, seconds=seconds / parts, lost_s=lost_s / parts)
            for station in self.stations
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """What tries told that were not billed since."""

    attempts: Sequence[Attempt] = ()
    damaged: Sequence[str] = ()
    """For each word that cannot be read, which it is and what to do."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a station spent in one try; a row of SPENT."""

    attempt_id: str
    at: datetime
    run_id: str
    partition: str
    station: str
    machine: str
    end: str
    seconds: float
    lost_s: float
    computed: int = 0
    reused: int = 0
    failed: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    hourly: float | None = None
    on_demand: float | None = None
    """What an hour would have cost on a machine that nobody takes away."""
    money: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a station made in a try that came to its end."""

    computed: int = 0
    reused: int = 0
    failed: int = 0


def spent_of(
    attempt: Attempt,
    station: str,
    *,
    seconds: float,
    lost_s: float = 0.0,
    counts: Counts | None = None,
) -> Spent:
    """Return what a station of a try spent, with the money of the rates of then."""
    on_demand: Machine = "gpu" if attempt.machine == "gpu-spot" else attempt.machine
    return Spent(
        attempt_id=attempt.attempt_id,
        at=attempt.started_at,
        run_id=attempt.run_id,
        partition=attempt.partition,
        station=station,
        machine=attempt.machine,
        end=attempt.end,
        seconds=seconds,
        lost_s=lost_s,
        **asdict(counts or Counts()),
        hourly=hourly(attempt.rates, attempt.machine),
        on_demand=hourly(attempt.rates, on_demand),
        money=money_of(attempt.rates, attempt.machine, seconds),
        currency=attempt.currency,
    )


def spent_table(rows: Sequence[Spent]) -> pl.DataFrame:
    """Return rows as SPENT."""
    names = [field.name for field in fields(Spent)]
    return pl.DataFrame(
        {name: [getattr(row, name) for row in rows] for name in names}, schema=SPENT
    )
