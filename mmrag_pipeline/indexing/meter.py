"""What a step spends, told to the ledger while it works: a killed one cannot say it afterwards."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from mmrag_pipeline.cost_records import (
    Attempt,
    Counts,
    End,
    Rates,
    Spent,
    Told,
    spent_of,
    token_money,
)
from mmrag_pipeline.cost_settings import Machine
from mmrag_pipeline.errors import CorruptStateError, MmragError
from mmrag_pipeline.keepers import CostLedger

TELL_S = 5.0
"""Least seconds between two words of a step at work: each is a write to the state."""


class KeepsNothing:
    """A ledger for those who do not ask what anything costs (keepers.CostLedger)."""

    def tell(self, attempt: Attempt) -> None:
        """Forget it."""

    def told(self, partition: str) -> Told:
        """Return that nobody is at work."""
        return Told()

    def bill(self, rows: Sequence[Spent]) -> None:
        """Forget them."""


@dataclass(slots=True)
class Meter:
    """Measures one try of a step; without an `attempt` it is what others are made of.

    A ledger that cannot be written to stops no run: `trouble` says so, and it is left alone.
    """

    ledger: CostLedger = field(default_factory=KeepsNothing)
    machine: Machine = "cpu"
    rates: Rates = field(default_factory=dict)
    stopwatch: Callable[[], float] = time.perf_counter
    tell_s: float = TELL_S
    attempt: Attempt | None = None
    trouble: str = ""
    currency: str | None = None
    _started: float = 0.0
    _handed_s: float = 0.0
    _told_s: float | None = None
    _redone_s: float | None = None

    def starts(
        self, stations: Sequence[str], partition: str, *, run_id: str, at: datetime
    ) -> "Meter":
        """Return the meter of a try that begins now."""
        attempt = self._attempt(stations, partition, run_id=run_id, at=at)
        return replace(self, attempt=attempt, _started=self.stopwatch())

    def _attempt(
        self, stations: Sequence[str], partition: str, *, run_id: str, at: datetime
    ) -> Attempt:
        unique = uuid.uuid4().hex
        names, money = tuple(stations), self.currency
        return Attempt(
            unique, run_id, partition, names, self.machine, self.rates, at, currency=money
        )

    @property
    def seconds(self) -> float:
        """Return how long the try has taken."""
        return self.stopwatch() - self._started

    def begins(self) -> None:
        """Say that costly work lies ahead, so that it is known of if it is killed in it."""
        if self._told_s is None:
            self._tell()

    def handed(self) -> None:
        """Note that results of a call are there."""
        if self.attempt is not None:
            self._handed_s = self.seconds

    def keeps(self) -> None:
        """Say, just before they are kept, how long the results took so far; not at each batch."""
        if self.attempt is None:
            return
        self.attempt = replace(self.attempt, spent_s=self._handed_s)
        if self._redone_s is None:
            self._redone_s = self._handed_s
        if self._told_s is None or self.seconds - self._told_s >= self.tell_s:
            self._tell()

    @contextmanager
    def metering(self) -> Iterator[None]:
        """Say how the try ended when the block fails or is asked to end."""
        try:
            yield
        except Exception:
            self._ends("failed", lost_s=0.0)
            raise
        except BaseException:
            kept_s = self.attempt.spent_s if self.attempt else 0.0
            self._ends("ended", lost_s=self.seconds - kept_s)
            raise

    def bill_whole(self, station: str, seconds: float) -> None:
        """Write down what was spent before any step could be measured."""
        if self.attempt is not None:
            done = replace(self.attempt, end="done", lost_s=0.0)
            self._tried(lambda: self.ledger.bill([spent_of(done, station, seconds=seconds)]))

    def tokens(
        self, station: str, counts: tuple[int, int], *, run_id: str, clock: Callable[[], datetime]
    ) -> None:
        """Write down the tokens that an answerer read and wrote; nothing where it told none."""
        if any(counts):
            one = replace(self._attempt([station], "", run_id=run_id, at=clock()), end="done")
            row = spent_of(one, station, seconds=0.0)
            money = token_money(self.rates, *counts)
            told = replace(row, prompt_tokens=counts[0], completion_tokens=counts[1], money=money)
            self._tried(lambda: self.ledger.bill([told]))

    def bill(self, seconds: Mapping[str, float], counts: Mapping[str, Counts]) -> "Bill":
        """Write down what each station of a finished try took, and what earlier ones had."""
        if self.attempt is None:
            return Bill()
        done = replace(self.attempt, end="done", lost_s=0.0)
        mine = [spent_of(done, n, seconds=s, counts=counts.get(n)) for n, s in seconds.items()]
        redone_s = self.seconds if self._redone_s is None else self._redone_s
        dead = list[Spent]()

        def write_others() -> None:
            told = self.ledger.told(done.partition)
            for other in filter(self._is_before, told.attempts):
                rows = other.spent(redone_s=redone_s)
                self.ledger.bill(rows)
                dead.extend(rows)
            if told.damaged:
                raise CorruptStateError("; ".join(told.damaged))

        self._tried(lambda: self.ledger.bill(mine))
        self._tried(write_others)
        return Bill(tuple(mine), tuple(dead), self.trouble)

    def _is_before(self, other: Attempt) -> bool:
        mine = self.attempt
        return (
            mine is not None
            and other.attempt_id != mine.attempt_id
            and not {*other.stations}.isdisjoint(mine.stations)
        )

    def _ends(self, end: End, *, lost_s: float) -> None:
        if self.attempt is not None:
            seconds = self.seconds
            self.attempt = replace(self.attempt, end=end, spent_s=seconds, lost_s=lost_s)
            self._tell()

    def _tell(self) -> None:
        attempt = self.attempt
        if attempt is not None:
            self._told_s = self.seconds
            self._tried(lambda: self.ledger.tell(attempt))

    def _tried(self, write: Callable[[], None]) -> None:
        if not self.trouble:
            try:
                write()
            except MmragError as error:
                self.trouble = f"what was spent could not be written down: {error}"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a step spent, and what tries before it did that were not billed yet."""

    mine: tuple[Spent, ...] = ()
    before: tuple[Spent, ...] = ()
    trouble: str = ""

    def of(self, station: str) -> Spent | None:
        """Return what a station spent now."""
        return next((row for row in self.mine if row.station == station), None)

    def lost_s(self, station: str) -> float:
        """Return the seconds of earlier tries whose work a station had to do again."""
        return sum((row.lost_s for row in self.before if row.station == station), 0.0)
