"""What denies a sentence, and what only looks so."""

import pytest

from mmrag_pipeline.retrieval.polarity import contrary


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The invoice was not paid.", "The invoice was paid."),
        ("The invoice was paid.", "The invoice was never paid."),
        ("The invoice wasn’t paid.", "The invoice was paid."),
        ("Pets are allowed.", "No pets allowed"),
        ("VAT is included.", "VAT: not included"),
        ("The price is without tax.", "The price is with tax."),
        ("Refunds are given.", "No refunds are given."),
    ],
)
def test_the_same_words_with_a_negation_more_are_contrary(said: str, shown: str) -> None:
    assert contrary(said, f"Blue tent\n{shown}") == shown.rstrip(".")


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        ("Small cats are allowed.", "not small cats are allowed"),
        ("Cats and dogs are allowed.", "not dogs are allowed"),
    ],
)
def test_neither_denies_both(said: str, denied: str) -> None:
    assert contrary(said, "Neither small cats nor dogs are allowed.") == denied


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Dogs are not allowed.", "Neither cats nor dogs are allowed."),
        ("The invoice was not paid.", "The invoice was never paid."),
        ("The big blue tent was paid.", "The big blue tent was paid but not delivered."),
        ("Invoice No. 12 was paid.", "Invoice 12 was paid."),
        ("Invoice No 12 was paid.", "Invoice 12 was paid."),
        ("Tent 12 of big blue cloth is not sold.", "Tent 13 of big blue cloth is sold."),
        ("The tent costs 12 EUR without tax.", "The tent costs 12 EUR excluding tax."),
        ("Not only chairs are sold.", "Chairs are sold."),
        ("It was not unpaid.", "It was paid."),
        ("The machine does not work.", "The machine fails to work."),
        ("Pets are allowed.", "No pets allowed\nPets are allowed"),
    ],
)
def test_what_agrees_or_is_said_in_other_words_is_not_contrary(said: str, shown: str) -> None:
    assert contrary(said, shown) == ""
