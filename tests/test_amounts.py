"""Numbers are the same however they are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.amounts import amounts
from mmrag_pipeline.values import exact


def _values(text: str) -> list[tuple[str, str]]:
    return [(str(one.value.normalize()), one.unit) for one in amounts(text)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,299.00", "1299", ""),
        ("1299", "1299", ""),
        ("1.299,50", "1299.5", ""),
        ("12,5", "12.5", ""),
        ("1,000,000", "1000000", ""),
        ("1'299.5", "1299.5", ""),
        ("1\u202f299", "1299", ""),
        ("1\u202f299.50 kg", "1299500", "g"),
        ("1.234.567", "1234567", ""),
        ("\u22125", "-5", ""),
        ("$8.70", "8.7", "usd"),
        ("RM14.10", "14.1", "myr"),
        ("RM 14.10", "14.1", "myr"),
        ("14.10 MYR", "14.1", "myr"),
        ("53 %", "53", "%"),
        ("53 percent", "53", "%"),
        ("1.5 kg", "1500", "g"),
        ("90 min", "5400", "s"),
        ("2 weeks", "1209600", "s"),
        ("2 years", "24", "month"),
        ("16 oz", "453.59237", "g"),
        ("20 degrees Fahrenheit", "20", "°f"),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, value: str, unit: str) -> None:
    (one,) = amounts(text)
    assert (one.value, one.unit) == (Decimal(value), unit)


def test_a_scale_is_multiplied_out_before_its_currency() -> None:
    (one,) = amounts("1.5 billion dollars")
    assert (one.value, one.unit) == (Decimal(1_500_000_000), "usd")
    assert amounts("$1.5bn")[0].same(one)


@pytest.mark.parametrize("text", ["XR-200", "12/01/2019", "12:30", "10-20", "3D", "1.2.3", "K9"])
def test_parts_of_codes_dates_and_ranges_are_no_amounts(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize(
    "text",
    ["1.234.567", "1\u202f299.50", "1\u00a0299,50", "-12\u00a0345\u202f678", "1’299.5", "1,2,3"],
)
def test_an_amount_is_read_as_a_value_is(text: str) -> None:
    read = [Decimal(one.same) for one in exact(text) if one.kind == "number"]
    assert [one.value for one in amounts(text)] == read


def test_a_hard_blank_between_two_numbers_groups_nothing() -> None:
    assert _values("5\u00a010") == [("5", ""), ("1E+1", "")]
    assert [one.same for one in exact("2024\u00a0100")] == ["2024", "100"]


def test_all_numbers_of_a_sentence_are_found_in_order() -> None:
    assert [str(one.written) for one in amounts("Of 40, 12 (30 %) left.")] == ["40", "12", "30"]


def test_a_number_without_a_unit_is_compared_as_written() -> None:
    with_unit, without, other = amounts("1.5 kg; 1.5; 1.5 l")
    assert with_unit.same(without)
    assert not with_unit.same(other)


def test_a_rate_is_no_unit() -> None:
    (one,) = amounts("Rent $500 per month")
    assert (one.unit, one.rate) == ("usd", ("month", Decimal(1)))
    assert amounts("500 dollars monthly")[0].same(one)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_grouping_digits_changes_nothing(value: Decimal) -> None:
    (grouped,), (plain,) = amounts(f"{value:,}"), amounts(f"{value}")
    assert grouped.same(plain)
    assert plain.value == value
