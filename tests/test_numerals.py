"""Spelled and grouped numbers are rewritten in digits, by values worked out by hand."""

import pytest

from mmrag_pipeline.numerals import closed, closed_lines, in_digits


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("twelve", "12"),
        ("Forty", "40"),
        ("twenty-five", "25"),
        ("seventy six", "76"),
        ("a hundred and five", "105"),
        ("twelve hundred", "1200"),
        ("five million", "5 million"),
        ("one billion", "1 billion"),
        ("a million", "1 million"),
        ("three hundred thousand", "300 thousand"),
        ("two thousand five hundred", "2500"),
        ("five million two hundred thousand and six", "5200006"),
        ("five-year plan", "5 year plan"),
        ("5-year plan", "5 year plan"),
        ("minus five degrees", "-5 degrees"),
        ("10 minus 5", "10 minus 5"),
        ("-$5", "$-5"),
        ("($5,000) (12.50)", "$-5,000 (12.50)"),
        ("at .5, or 5 p.m.", "at 0.5, or 5 pm."),
        ("5 to 10 million", "5 million to 10 million"),
        ("$5–$10 million", "$5 million–$10 million"),
    ],
)
def test_a_spelled_number_is_written_in_digits(words: str, digits: str) -> None:
    assert in_digits(words, lone_one=False) == digits


@pytest.mark.parametrize(
    "text",
    [
        "one of them",
        "no one",
        "often tense",
        "two thirds",
        "three-quarters",
        "the twenty-first guest",
        "a few hundreds",
        "XR-200-b",
    ],
)
def test_what_counts_nothing_stays_a_word(text: str) -> None:
    assert in_digits(text, lone_one=False) == text


def test_a_lone_one_is_a_number_where_that_is_asked_for() -> None:
    assert in_digits("one year", lone_one=True) == "1 year"
    assert in_digits("one year", lone_one=False) == "one year"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("1 234.50", "1234.50"),
        ("EUR 1 234 567,5 in all", "EUR 1234567.5 in all"),
        ("2024 100", "2024 100"),
        ("0 250", "0 250"),
        ("12 3456", "12 3456"),
        ("XR-2 100", "XR-2 100"),
    ],
)
def test_blanks_between_groups_of_three_digits_are_closed(text: str, without: str) -> None:
    assert closed(text, lambda _: True) == without


def test_only_what_is_wanted_is_closed() -> None:
    assert closed("1 200 and 3 400", "1200".__eq__) == "1200 and 3 400"


def test_a_row_with_more_numbers_is_left_to_its_columns() -> None:
    assert closed_lines("Total 1 234.50\nChair 3 250.00 750.00\nblue") == ["Total 1234.50"]


@pytest.mark.parametrize("lone_one", [True, False])
def test_what_is_taken_from_one_is_no_number_below_zero(lone_one: bool) -> None:
    assert "-2" not in in_digits("one minus two", lone_one=lone_one)


def test_trillions_are_numbers_too() -> None:
    assert in_digits("two trillion five billion", lone_one=False) == "2005000000000"
