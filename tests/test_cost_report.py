"""What is told of costs adds up, however it is looked at."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import dagster as dg
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.assets.costs import costs, costs_metadata
from mmrag_pipeline.cost_records import SPENT, Attempt, Counts, spent_of, with_currency
from mmrag_pipeline.cost_report import EVERYWHERE, Books, By, Line, Report, report
from mmrag_pipeline.cost_settings import Machine, Rate
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.stores.cost_ledger import BlobLedger
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import State, fake_settings, fake_world

AT = datetime(2026, 1, 2, tzinfo=UTC)
RATES: dict[Rate, float] = {"cpu_hour": 3_600.0, "gpu_hour": 36_000.0, "gpu_spot_hour": 7_200.0}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Books in a folder, beside the state of a fake world."""

    ledger: BlobLedger
    state: State = field(default_factory=State)

    def bill(self, station: str, machine: Machine, seconds: float, **more: object) -> None:
        """Write down one try; `more` are lost_s, counts, partition, number, currency."""
        number = int(str(more.get("number", len(list(self.ledger.spent())))))
        partition, lost_s = str(more.get("partition", "shop")), float(str(more.get("lost_s", 0)))
        rates = RATES if more.get("priced", True) else {}
        name = f"{number:032x}"
        one = Attempt(name, f"run-{number % 3}", partition, (station,), machine, rates, AT)
        counts = more.get("counts")
        held = counts if isinstance(counts, Counts) else Counts()
        currency = more.get("currency")
        one = replace(one, currency=None if currency is None else str(currency))
        row = spent_of(one, station, seconds=seconds, lost_s=lost_s, counts=held)
        self.ledger.bill([replace(row, end="done")])

    def told(self, by: By = "domain") -> Report:
        """Return the report."""
        books = Books(fake_settings(), self.ledger, self.state.tables, self.state.vectors)
        return report(books, by=by)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(BlobLedger(FolderBlobs(tmp_path)))


def test_spot_saves_the_price_on_demand_without_what_was_lost(shelf: Shelf) -> None:
    shelf.bill("ocr", "gpu-spot", 10.0, lost_s=2.0)
    told = shelf.told()
    assert (told.total.money, told.total.lost_money) == ({"": 20.0}, {"": 4.0})
    assert told.saved.spot_money == {"": 60.0}


def test_the_memo_saves_what_a_call_of_its_station_takes(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0, counts=Counts(computed=5, reused=50))
    shelf.bill("chunks", "cpu", 10.0, counts=Counts(computed=5, reused=50), number=7)
    saved = shelf.told().saved
    assert (saved.reused_calls, saved.memo_s, saved.memo_money) == (50, 100.0, {"": 100.0})


def test_short_tries_which_load_a_model_do_not_say_what_a_call_takes(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 40.0, lost_s=20.0, counts=Counts(computed=20, reused=3))
    shelf.bill("ocr", "cpu", 900.0, counts=Counts(computed=19, reused=7), number=7)
    saved = shelf.told().saved
    assert (saved.reused_calls, saved.memo_s, saved.memo_money) == (10, 10.0, {"": 10.0})


def test_calls_without_a_rate_do_not_say_what_a_call_costs(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0, counts=Counts(computed=5, reused=2))
    shelf.bill("ocr", "cpu", 10.0, counts=Counts(computed=5, reused=2), number=7, priced=False)
    saved = shelf.told().saved
    assert (saved.memo_s, saved.memo_money) == (8.0, {"": 4.0})


def test_money_of_two_currencies_is_never_added(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0, counts=Counts(computed=5, reused=50), currency="USD")
    shelf.bill("ocr", "cpu", 30.0, counts=Counts(computed=5, reused=1), currency="EUR", number=9)
    told = shelf.told()
    assert told.lines[0].money == told.total.money == {"EUR": 30.0, "USD": 10.0}
    assert told.saved.memo_money == {"EUR": 6.0, "USD": 100.0}


def test_bills_that_name_no_currency_are_in_that_of_the_setting(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0)
    shelf.bill("ocr", "cpu", 5.0, currency="EUR", number=9)
    paid = fake_settings().model_copy(update={"currency": "EUR"})
    books = Books(paid, shelf.ledger, shelf.state.tables, shelf.state.vectors)
    assert report(books, by="run").total.money == {"EUR": 15.0}


def test_a_table_without_currencies_gets_the_column() -> None:
    before = pl.DataFrame(schema=SPENT).drop("currency")
    assert with_currency(before).schema == SPENT
    assert with_currency(with_currency(before)).schema == SPENT


def test_seconds_without_a_rate_are_no_money_and_told_apart(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0, priced=False)
    assert (shelf.told().total.money, shelf.told().total.unpriced_s) == ({}, 10.0)
    shelf.bill("ocr", "cpu", 5.0, number=9)
    assert (shelf.told().total.money, shelf.told().total.unpriced_s) == ({"": 5.0}, 10.0)


def test_files_of_which_a_part_had_no_rate_have_no_price() -> None:
    line = Line("shop", {}, 0.0, {"EUR": 8.0, "USD": 1.0}, {}, 0.0, files=4)
    assert line.per_1000_files == {"EUR": 2_000.0, "USD": 250.0}
    assert replace(line, unpriced_s=0.1).per_1000_files == {}
    assert replace(line, files=None).per_1000_files == {}


def test_without_a_record_there_is_no_line(shelf: Shelf) -> None:
    told = shelf.told()
    assert (told.lines, told.total.money, told.saved.spot_money) == ([], {}, {})


def test_tokens_of_an_evaluation_belong_to_no_domain(shelf: Shelf) -> None:
    rates: dict[Rate, float] = {"prompt_mtokens": 3.0, "completion_mtokens": 10.0}
    meter = Meter(shelf.ledger, rates=rates)
    meter.tokens("eval_answers", (1_000_000, 500_000), run_id="run", clock=lambda: AT)
    (line,) = shelf.told().lines
    assert (line.name, line.money) == (EVERYWHERE, {"": 8.0})


def test_a_run_is_told_with_the_money_of_a_thousand_files_and_what_the_index_takes(
    shelf: Shelf,
) -> None:
    source = FakeSource()
    for number in range(4):
        source.put("shop", f"p{number}", f"img:{number}".encode())
    world = fake_world(source, state=shelf.state)
    meter = Meter(shelf.ledger, rates=RATES)
    run_partition(replace(world, meter=meter), "shop", Mode("run-1"))
    told = shelf.told()
    (line,) = told.lines
    assert (line.files, line.per_1000_files) == (4, {"": line.money[""] * 250})
    assert told.held is not None
    assert told.held.gb > 0
    assert told.held.quantized_away_gb == 0


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ocr", "captions", "pages"]),
        st.sampled_from(get_args(Machine)),
        st.floats(0, 1e6),
        st.floats(0, 1),
        st.sampled_from(["shop", "shop~0-2", "notes"]),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=20, deadline=None)
@given(rows=ROWS)
def test_groups_add_up_to_the_total_whatever_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, Machine, float, float, str, bool]],
) -> None:
    shelf = Shelf(BlobLedger(FolderBlobs(tmp_path_factory.mktemp("books"))))
    for number, (station, machine, seconds, lost, partition, priced) in enumerate(rows):
        kept = {"lost_s": seconds * lost, "partition": partition, "priced": priced}
        shelf.bill(station, machine, seconds, number=number, **kept)
    for by in get_args(By):
        told = shelf.told(by)
        assert all(line.money.get("", 0) >= 0 for line in told.lines)
        money = sum(line.money.get("", 0) for line in told.lines)
        assert money == pytest.approx(told.total.money.get("", 0))
        spent = sum(sum(line.seconds.values()) for line in told.lines)
        assert spent == pytest.approx(sum(seconds for _, _, seconds, *_ in rows))


def test_the_catalog_plots_totals_and_shows_stations(shelf: Shelf) -> None:
    shelf.bill("ocr", "gpu-spot", 10.0, lost_s=2.0)
    found = costs_metadata(shelf.told("station"), "")
    assert (found["cost"].value, found["lost_s"].value) == (20.0, 2.0)
    table = found["stations"]
    assert isinstance(table, dg.TableMetadataValue)
    assert table.records[0].data["station"] == "ocr"


def test_the_catalog_adds_no_two_currencies(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0, currency="USD")
    shelf.bill("ocr", "cpu", 5.0, number=9)
    found = costs_metadata(shelf.told("station"), "")
    assert (found["cost"].value, found["cost/USD"].value) == (5.0, 10.0)


def test_the_asset_adds_up_what_is_on_the_books(shelf: Shelf) -> None:
    shelf.bill("ocr", "cpu", 10.0)
    books = Books(fake_settings(), shelf.ledger, shelf.state.tables, shelf.state.vectors)
    given = {"books": dg.ResourceDefinition.hardcoded_resource(books)}
    done = dg.materialize([costs], resources=given, instance=dg.DagsterInstance.ephemeral())
    (made,) = done.asset_materializations_for_node("costs")
    assert made.metadata["cost"].value == 10.0
