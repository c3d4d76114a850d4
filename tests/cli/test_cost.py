"""`mmrag cost`: what was spent, and why there may be nothing to tell."""

import pytest

from mmrag_pipeline.cli.cost import money_text
from tests.cli.commands import Bench

PAID = {"MMRAG_RATES": '{"cpu_hour": 3600, "gb_month": 1000}', "MMRAG_CURRENCY": "EUR"}


def test_what_a_run_took_is_told_by_domain(indexed: Bench) -> None:
    said = indexed.mmrag("cost", "--json").json
    assert [line["name"] for line in said["lines"]] == ["notes", "shop"]
    assert [line["files"] for line in said["lines"]] == [3, 4]
    assert all(line["seconds"]["cpu"] > 0 for line in said["lines"])
    assert said["total"]["money"] == {}


def test_without_rates_it_says_how_to_set_them(indexed: Bench) -> None:
    assert "no money is told: name what you pay in MMRAG_RATES" in indexed.mmrag("cost").out


def test_with_rates_that_came_too_late_it_says_so(indexed: Bench) -> None:
    told = indexed.mmrag("cost", **PAID).out
    assert "no money is told: none of these seconds had a rate when they were spent" in told
    assert "name what you pay" not in told


def test_a_run_with_rates_is_paid_and_the_one_before_it_is_not(bench: Bench) -> None:
    (bench.source / "notes" / "new.txt").write_text("Coffee wants less heat.")
    assert bench.mmrag("index", "--domain", "notes", **PAID).code == 0
    said = bench.mmrag("cost", "--json", **PAID).json
    notes, shop = said["lines"]
    paid = notes["seconds"]["cpu"] - notes["unpriced_s"]
    assert paid > 0
    assert notes["money"] == {"EUR": pytest.approx(paid, abs=0.01)}
    assert (shop["money"], said["currency"]) == ({}, "EUR")
    assert (notes["unpriced_s"] > 0, notes["money_per_1000_files"]) == (True, {})
    assert "without a rate of then:" in bench.mmrag("cost", **PAID).out
    other = bench.mmrag("cost", "--json", **{**PAID, "MMRAG_CURRENCY": "USD"}).json
    assert [*other["total"]["money"]] == ["EUR"]


def test_since_a_day_nothing_is_divided_by_the_files_of_now(indexed: Bench) -> None:
    assert "per 1,000 files" in indexed.mmrag("cost").out
    assert "per 1,000 files" not in indexed.mmrag("cost", "--since", "1d").out
    said = indexed.mmrag("cost", "--since", "1d", "--json").json
    assert [line["files"] for line in (*said["lines"], said["total"])] == [None, None, None]


def test_the_index_in_memory_is_paid_by_the_month(indexed: Bench) -> None:
    held = indexed.mmrag("cost", "--json", **PAID).json["held"]
    assert held["gb"] > 0
    assert held["money_a_month"] == pytest.approx(held["gb"] * 1000, abs=1e-2)


def test_nothing_since_then_is_said_so(indexed: Bench) -> None:
    said = indexed.mmrag("cost", "--since", "2100-01-01")
    assert (said.code, said.out.startswith("nothing was recorded yet (since then):")) == (0, True)
    assert indexed.mmrag("cost", "--since", "1d", "--json").json["lines"]


@pytest.mark.parametrize("text", ["soon", "d", "-3d", "30", "1h", "yesterday"])
def test_a_wrong_date_is_one_line(indexed: Bench, text: str) -> None:
    said = indexed.mmrag("cost", f"--since={text}")
    assert (said.code, said.out) == (1, "")
    assert f"--since {text!r} is no date: write YYYY-MM-DD" in said.err
    assert said.err.endswith(", or the last days: 30d\n")


def test_before_the_first_run_there_is_no_then(empty: Bench) -> None:
    assert empty.mmrag("cost").out.startswith("nothing was recorded yet: `mmrag index`")


@pytest.mark.parametrize(
    ("variable", "given", "told"),
    [
        ("RATES", '{"cpu_hours": 1}', "'cpu_hours' is no rate (did you mean cpu_hour?)"),
        ("RATES", '{"x": 1}', "'x' is no rate (there are cpu_hour, gpu_hour, gpu_spot_hour, "),
        ("CURRENCY", "12 EUR", "='12 EUR': it is no currency: write up to 8 letters or signs"),
    ],
)
def test_a_wrong_setting_says_what_to_write(
    empty: Bench, variable: str, given: str, told: str
) -> None:
    said = empty.mmrag("cost", **{f"MMRAG_{variable}": given})
    assert (said.code, told in said.err) == (1, True), said.err


@pytest.mark.parametrize("rates", ['{"gpu": 1}', '{"cpu_hour": -1}', '{"cpu_hour": "x"}', "1"])
def test_wrong_rates_are_one_line(indexed: Bench, rates: str) -> None:
    said = indexed.mmrag("cost", MMRAG_RATES=rates)
    assert (said.code, len(said.err.splitlines())) == (1, 1)
    assert "MMRAG_RATES" in said.err


@pytest.mark.parametrize(
    ("money", "currency", "told"),
    [
        (0.000004, "EUR", "< 0.01 EUR"),
        (-0.000004, "EUR", "> -0.01 EUR"),
        (0.0174, "EUR", "0.02 EUR"),
        (1234567.891, "EUR", "1,234,567.89 EUR"),
        (0.0, None, "0.00 (no currency set)"),
    ],
)
def test_an_amount_is_told_in_hundredths(money: float, currency: str | None, told: str) -> None:
    assert money_text(money, currency) == told


def test_a_plan_tells_the_money_of_its_seconds(bench: Bench) -> None:
    (bench.source / "notes" / "new.txt").write_text("Coffee wants less heat.")
    said = bench.mmrag("plan", "--domain", "notes", "--json", **PAID).json
    assert said["cost"]["money"] == pytest.approx(sum(r["seconds"] for r in said["stations"]))
    assert bench.mmrag("plan", "--domain", "notes", "--json").json["cost"]["money"] is None
    assert " EUR\n" in bench.mmrag("plan", "--domain", "notes", **PAID).out.split("station")[0]
