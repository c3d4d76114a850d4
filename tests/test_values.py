"""Values in texts: what is the same number, code or name, and what is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.values import exact, holds, number_of, values


@pytest.mark.parametrize(
    ("word", "worth"),
    [
        ("1,299.00", "1299"),
        ("1.299,00", "1299"),
        ("1'299.50", "1299.5"),
        ("1299", "1299"),
        ("12,50", "12.5"),
        ("1.299", "1.299"),
        ("1,299", "1299"),
        ("-19", "-19"),
        ("1.299.000", "1299000"),
        ("1\u202f299.50", "1299.5"),
        ("12\u00a0345\u00a0678,5", "12345678.5"),
    ],
)
def test_a_number_is_worth_the_same_however_it_is_written(word: str, worth: str) -> None:
    assert number_of(word) == Decimal(worth)


@pytest.mark.parametrize(
    "word", ["7.4.2", "10:30", "2024-07-19", "XR-200", "", "-", "1,2,3", "007"]
)
def test_what_only_holds_digits_is_no_number(word: str) -> None:
    assert number_of(word) is None


def test_values_are_found_with_their_kind() -> None:
    found = values("The XR-200 of Brelvane costs €1,299.00, not -5, since 2024-07-19.")
    assert [(one.kind, one.same) for one in found] == [
        ("code", "xr-200"),
        ("name", "brelvane"),
        ("name", "eur"),
        ("number", "1299"),
        ("number", "-5"),
        ("code", "2024-07-19"),
    ]


@pytest.mark.parametrize(
    ("claim", "evidence", "held"),
    [
        ("1299", "EUR 1,299.00", True),
        ("129.50", "RM129.50", True),
        ("1299.50", "1\u202f299.50", True),
        ("1299", "1\u00a0299kg", True),
        ("299", "1\u00a0299", False),
        ("129.50", "129.05", False),
        ("7730", "No. R-7730", False),
        ("45", "45l", True),
        ("19", "-19", False),
        ("xr-200", "XR-200.", True),
    ],
)
def test_a_value_is_held_when_it_is_the_same_one(claim: str, evidence: str, held: bool) -> None:
    assert holds(evidence, exact(claim)[0]) is held


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert [one.text for one in values("Total is due. Pay Sam, The Baker")] == ["Sam", "Baker"]


@given(st.decimals(0, 10**9, places=2))
def test_grouping_changes_no_number(number: Decimal) -> None:
    assert number_of(f"{number:,.2f}") == number_of(f"{number:.2f}") == number


@given(st.text(max_size=80))
def test_any_text_holds_its_own_values(text: str) -> None:
    assert all(holds(text, value) for value in values(text))
