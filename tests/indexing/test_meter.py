"""What steps spend, also those that were killed: no second is forgotten, none counts twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from mmrag_pipeline.cost_records import Attempt, Spent, Told
from mmrag_pipeline.cost_settings import Rate
from mmrag_pipeline.engines.stub import StubOcr
from mmrag_pipeline.errors import StateUnavailableError
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.keepers import CostLedger
from mmrag_pipeline.records import OcrResult, Pixels
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from mmrag_pipeline.testing.spending import CallSeconds, FrailLedger, MemoryLedger
from tests.indexing.life import DOMAIN, Life

_RATES: dict[Rate, float] = {"gpu_spot_hour": 3_600.0}


@dataclass(slots=True)
class Paid:
    """A life whose calls take a second each, and are paid a unit of money a second."""

    life: Life = field(default_factory=Life)
    books: MemoryLedger = field(default_factory=MemoryLedger)

    def __post_init__(self) -> None:
        self.life.put(**{f"p{n}": f"img:{n}" for n in range(24)})
        self.life.put(**{f"t{n}": f"txt:note {n}" for n in range(8)})

    def world(self, *, fuse: Fuse | None = None, ledger: CostLedger | None = None) -> World:
        """Return the world with its meter, both behind a fuse if one is given."""
        state = frail(self.life.state, fuse) if fuse else self.life.state
        books: CostLedger = FrailLedger(self.books, fuse) if fuse else self.books
        watch = CallSeconds(self.life.ledger)
        meter = Meter(ledger or books, "gpu-spot", _RATES, stopwatch=watch, tell_s=0.0)
        return replace(self.life.world(state=state), meter=meter)

    def run(self, world: World | None = None) -> dict[str, Outcome]:
        """Run every station."""
        return {o.station: o for o in run_partition(world or self.world(), DOMAIN, Mode("run"))}

    def killed(self, fuse: Fuse) -> bool:
        """Run with a fuse; return whether the run was killed."""
        try:
            self.run(self.world(fuse=fuse))
        except Killed:
            return True
        return False

    def seconds(self) -> float:
        """Return all seconds on the books, those of tries that were not billed yet as well."""
        told = sum(one.spent_s for one in self.books.open.values())
        return told + sum(row.seconds for row in self.books.rows.values())


def test_a_run_is_billed_every_second_that_its_calls_took() -> None:
    paid = Paid()
    paid.run()
    assert paid.seconds() == pytest.approx(paid.life.ledger.calls(), abs=0.1)
    assert paid.books.open == {}
    assert {row.end for row in paid.books.rows.values()} == {"done"}


def test_a_bill_is_seconds_times_the_rate() -> None:
    paid = Paid()
    told = paid.run()["text_vectors"].bill.of("text_vectors")
    assert told is not None
    assert told.money == pytest.approx(told.seconds)
    assert (told.machine, told.computed, told.lost_s) == ("gpu-spot", told.computed, 0.0)


def test_what_had_not_changed_is_neither_written_down_nor_saved() -> None:
    paid = Paid()
    paid.run()
    before = len(paid.books.rows)
    found = paid.run()
    new = list(paid.books.rows.values())[before:]
    assert {row.station for row in new} == {n for n, o in found.items() if not o.unchanged}
    assert found["ocr"].bill.of("ocr") is None


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("first", range(1, 8))
def test_killed_anywhere_no_second_of_a_needed_call_is_forgotten(first: int, late: bool) -> None:
    at, died = first, True
    while died:
        paid = Paid()
        died = paid.killed(Fuse(at, late=late))
        paid.run()
        needed = len(paid.life.ledger.entries)
        assert paid.seconds() >= needed - 0.1
        assert all((row.money or 0) >= 0 for row in paid.books.rows.values())
        at += 7


class _Ending(StubOcr):
    """An OCR engine that is asked to end, or killed, at its second call."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error
        self.given = 0

    def read(self, pages: Sequence[Pixels]) -> list[OcrResult]:
        found = super().read(pages)
        self.given += 1
        if self.given == 2:
            raise self.error
        return found


def _ended(paid: Paid, error: BaseException) -> None:
    whole = paid.life.models
    paid.life.models = replace(whole, ocr=_Ending(error))
    with pytest.raises(type(error)):
        paid.run()
    paid.life.models = whole


def test_with_notice_what_was_lost_is_measured() -> None:
    paid = Paid()
    _ended(paid, KeyboardInterrupt())
    (dead,) = paid.books.open.values()
    assert (dead.end, dead.spent_s) == ("ended", paid.life.ledger.calls())
    found = paid.run()
    lost_s = sum(found[name].bill.lost_s(name) for name in ("ocr", "captions", "image_vectors"))
    assert lost_s == pytest.approx(paid.life.ledger.repeated(), abs=2.0)
    assert lost_s > 0
    assert paid.seconds() == pytest.approx(paid.life.ledger.calls(), abs=0.1)


def test_a_killed_try_is_billed_what_its_batch_takes_again() -> None:
    paid = Paid()
    dead = Attempt("0" * 32, "gone", DOMAIN, ("text_vectors",), "gpu-spot", _RATES, paid.life.now)
    paid.books.tell(replace(dead, spent_s=3.0))
    found = paid.run()["text_vectors"].bill
    (row,) = found.before
    assert found.lost_s("text_vectors") == row.lost_s > 0
    assert (row.end, row.run_id, row.seconds) == ("killed", "gone", 3.0 + row.lost_s)


def test_a_try_on_other_stations_is_left_to_those_who_come_after_it() -> None:
    paid = Paid()
    other = Attempt("0" * 32, "r", DOMAIN, ("somewhere",), "cpu", {}, paid.life.now)
    paid.books.tell(other)
    paid.run()
    assert list(paid.books.open.values()) == [other]


@dataclass(frozen=True, slots=True)
class _Away(MemoryLedger):
    """A ledger that cannot be written to."""

    def tell(self, attempt: Attempt) -> None:
        raise StateUnavailableError(f"no room for {attempt.partition}")

    def bill(self, rows: Sequence[Spent]) -> None:
        raise StateUnavailableError(f"no room for {len(rows)}")


def test_a_ledger_that_is_away_stops_no_run_and_is_told_of() -> None:
    paid = Paid()
    found = paid.run(paid.world(ledger=_Away()))
    assert "could not be written down: no room" in found["ocr"].bill.trouble
    assert paid.life.index() == paid.life.rebuild()[0]


@dataclass(frozen=True, slots=True)
class _Damaged(MemoryLedger):
    """A ledger in which a word of somebody cannot be read."""

    def told(self, partition: str) -> Told:
        return Told(MemoryLedger.told(self, partition).attempts, ["a.json cannot be trusted"])


def test_a_damaged_word_keeps_no_other_bill_from_being_written() -> None:
    paid = Paid(books=_Damaged())
    dead = Attempt("0" * 32, "gone", DOMAIN, ("text_vectors",), "gpu-spot", _RATES, paid.life.now)
    paid.books.tell(dead)
    found = paid.run()
    assert paid.books.open == {}
    assert {(row.run_id, row.end) for row in paid.books.rows.values()} == {
        ("run", "done"),
        ("gone", "killed"),
    }
    assert found["text_vectors"].bill.trouble.count("a.json cannot be trusted") == 1
