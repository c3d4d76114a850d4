"""The ledger: what is written down counts once, whoever writes, dies or puts together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.cost_records import Attempt, Spent, spent_of
from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.cost_ledger import SETTLED, BlobLedger
from mmrag_pipeline.stores.folder_blobs import FolderBlobs

AT = datetime(2026, 1, 31, 23, tzinfo=UTC)
RATES = {"gpu_hour": 3.6, "gpu_spot_hour": 1.8}


def attempt(number: int, *, at: datetime = AT, partition: str = "shop") -> Attempt:
    """Return a try on spot that began then."""
    name = f"{number:032x}"
    return Attempt(name, f"run-{number}", partition, ("ocr", "captions"), "gpu-spot", RATES, at)  # type: ignore[arg-type]  # keys are rates


def rows_of(one: Attempt, seconds: float = 10.0) -> list[Spent]:
    """Return the bill that a try writes of itself."""
    done = replace(one, end="done")
    return [spent_of(done, station, seconds=seconds) for station in one.stations]


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return FolderBlobs(tmp_path)


def total(ledger: BlobLedger, since: datetime | None = None) -> tuple[float, float]:
    """Return all seconds and all money."""
    table = pl.concat(ledger.spent(since))
    return float(table["seconds"].sum()), round(float(table["money"].sum()), 9)


def test_a_bill_has_the_money_of_the_rate_of_then(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    ledger.bill(rows_of(attempt(1)))
    table = pl.concat(ledger.spent())
    assert total(ledger) == (20.0, 0.01)
    assert table["hourly"].to_list() == [1.8, 1.8]
    assert table["on_demand"].to_list() == [3.6, 3.6]


def test_a_bill_that_is_written_twice_counts_once(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    for _ in range(2):
        ledger.bill(rows_of(attempt(1)))
    assert total(ledger) == (20.0, 0.01)


def test_a_try_that_was_billed_is_open_no_more(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), attempt(1)
    ledger.tell(one)
    assert ledger.told("shop").attempts == [one]
    ledger.bill(rows_of(one))
    assert ledger.told("shop").attempts == []


def test_an_open_try_counts_as_far_as_it_told(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    ledger.tell(replace(attempt(1), spent_s=7.0))
    table = pl.concat(ledger.spent())
    assert (table["seconds"].sum(), set(table["end"])) == (7.0, {"open"})


def test_a_try_that_died_after_its_own_bill_is_not_taken_for_killed(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), attempt(1)
    ledger.bill(rows_of(one))
    ledger.tell(one)
    assert ledger.told("shop").attempts == []


def test_one_that_was_taken_for_dead_and_went_on_has_the_last_word(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), attempt(1)
    ledger.bill(one.spent(redone_s=4.0))
    ledger.bill(rows_of(one))
    assert total(ledger) == (20.0, 0.01)


def test_an_orphan_that_was_billed_as_killed_and_tells_again_counts_once(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), replace(attempt(1), spent_s=6.0)
    ledger.bill(one.spent(redone_s=4.0))
    ledger.tell(replace(one, spent_s=7.0))
    assert total(ledger)[0] == 10.0
    ledger.tell(replace(one, spent_s=12.0))
    assert total(ledger)[0] == 12.0


def test_what_others_write_takes_the_place_of_less_only(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), replace(attempt(1), spent_s=6.0)
    for redone_s, told in ((4.0, 10.0), (1.0, 10.0), (5.0, 11.0)):
        ledger.tell(one)
        ledger.bill(one.spent(redone_s=redone_s))
        assert (total(ledger)[0], ledger.told("shop").attempts) == (told, [])
    ledger.bill(rows_of(one, 2.0))
    ledger.bill(one.spent(redone_s=4.0))
    assert total(ledger)[0] == 4.0


def test_a_try_that_died_after_its_own_bill_is_closed_when_it_is_old(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), replace(attempt(1), spent_s=7.0)
    ledger.bill(rows_of(one))
    ledger.bill(rows_of(attempt(2)))
    ledger.tell(one)
    ledger.compact(AT + timedelta(days=9))
    assert blobs.names("costs/open") == []
    assert total(ledger)[0] == 40.0


@pytest.mark.parametrize("first", [True, False])
def test_its_own_word_holds_whichever_was_put_together(blobs: Blobs, first: bool) -> None:
    ledger, one = BlobLedger(blobs), attempt(1)
    bills = [rows_of(one), one.spent(redone_s=4.0)]
    late = AT + SETTLED + timedelta(hours=1)
    ledger.bill(bills[not first])
    ledger.bill(rows_of(attempt(2), 0.0))
    ledger.compact(late)
    ledger.bill(bills[first])
    ledger.compact(late)
    assert total(ledger) == (20.0, 0.01)


def test_what_is_put_together_is_fewer_files_and_the_same_sum(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    for number in range(5):
        ledger.bill(rows_of(attempt(number)))
    ledger.bill(rows_of(attempt(9, at=AT + timedelta(hours=2))))
    assert ledger.compact(AT + timedelta(hours=3)) == 0
    assert ledger.compact(AT + timedelta(days=9)) == 4
    assert len(blobs.names("costs/bills")) == 2
    assert total(ledger)[0] == 120.0


def test_a_try_after_which_nobody_came_is_billed_as_it_stands_when_it_is_old(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    ledger.tell(replace(attempt(1), spent_s=7.0))
    ledger.compact(AT + timedelta(hours=3))
    assert len(ledger.told("shop").attempts) == 1
    ledger.compact(AT + timedelta(days=9))
    assert (ledger.told("shop").attempts, total(ledger)[0]) == ([], 7.0)


def test_a_bill_is_found_by_when_it_began(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    for days in (0, 1, 40):
        ledger.bill(rows_of(attempt(days, at=AT + timedelta(days=days))))
    assert total(ledger, AT + timedelta(hours=1))[0] == 40.0
    assert total(ledger, AT + timedelta(days=2))[0] == 20.0


def test_a_damaged_bill_is_named_and_says_what_to_do(blobs: Blobs) -> None:
    ledger = BlobLedger(blobs)
    ledger.bill(rows_of(attempt(1)))
    name = blobs.names("costs/bills")[0]
    Path(blobs.shown(name)).write_bytes(b"{")
    with pytest.raises(CorruptStateError, match=r"bill-.*delete that file"):
        list(ledger.spent())


def test_a_damaged_word_hides_no_other_and_is_named(blobs: Blobs) -> None:
    ledger, one = BlobLedger(blobs), attempt(1)
    for number in range(3):
        ledger.tell(attempt(number))
    for name in (f"costs/open/shop/{attempt(number).attempt_id}.json" for number in (0, 2)):
        Path(blobs.shown(name)).write_bytes(b"{")
    found = ledger.told("shop")
    assert found.attempts == [one]
    assert [text.count("delete that file") for text in found.damaged] == [1, 1]


Tries = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1e5), st.booleans()), max_size=12)


@settings(max_examples=25, deadline=None)
@given(tries=Tries)
def test_money_is_never_negative_and_parts_add_up(
    tmp_path_factory: pytest.TempPathFactory, tries: list[tuple[int, float, bool]]
) -> None:
    ledger = BlobLedger(FolderBlobs(tmp_path_factory.mktemp("ledger")))
    last: dict[int, float] = {}
    for number, seconds, compacted in tries:
        ledger.bill(rows_of(attempt(number), seconds))
        last[number] = seconds
        if compacted:
            ledger.compact(AT + timedelta(days=9))
    table = pl.concat(ledger.spent())
    assert (table["money"] >= 0).all()
    for by in ("run_id", "station", "machine"):
        parts = table.group_by(by).agg(pl.col("money").sum())["money"].sum()
        assert parts == pytest.approx(table["money"].sum())
    assert table["seconds"].sum() == pytest.approx(2 * sum(last.values()))


Acts = st.sampled_from(["tells", "is billed by others", "bills itself", "grows old"])


@settings(max_examples=60, deadline=None)
@given(acts=st.lists(st.tuples(st.integers(0, 2), Acts, st.integers(0, 99)), max_size=14))
def test_whatever_is_said_of_a_try_it_counts_once(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, str, int]]
) -> None:
    ledger = BlobLedger(FolderBlobs(tmp_path_factory.mktemp("ledger")))
    own, billed, told = dict[int, int](), dict[int, int](), dict[int, int]()
    for number, act, seconds in acts:
        one = replace(attempt(number), spent_s=float(seconds))
        if act == "tells":
            ledger.tell(one)
            told[number] = seconds
        elif act == "is billed by others":
            ledger.bill(one.spent())
            billed[number] = max(seconds, billed.get(number, 0))
            told.pop(number, None)
        elif act == "bills itself":
            ledger.bill(rows_of(one, seconds / 2))
            own[number] = seconds
            told.pop(number, None)
        else:
            ledger.compact(AT + timedelta(days=9))
            billed |= {n: max(s, billed.get(n, 0)) for n, s in told.items()}
            told.clear()
    names = {*own, *billed, *told}
    most = {n: max(billed.get(n, 0), told.get(n, 0)) for n in names}
    counted = sum(own.get(n, most[n]) for n in names)
    assert pl.concat(ledger.spent())["seconds"].sum() == pytest.approx(counted)
