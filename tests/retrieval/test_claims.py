"""A number is borne out by one that is worth the same, in the same unit, currency and scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.claims import as_claim, as_evidence, missing

_NUMBERS = ["one", "two", "five", "million", "hundred", "thousand", "twenty-five", "5-year"]
_DIGITS = ["5", "5%", "$5", "5M", "1", "234.50", "250", "10", "XR-200", "12/01/2019"]
_OTHERS = ["and", "to", "EUR", "kg", "m", "Miller", "no-one", ".", ",", "–", "\n"]
_PARTS = st.sampled_from(_NUMBERS + _DIGITS + _OTHERS)


def _missing(sentence: str, text: str) -> tuple[str, ...]:
    shown = as_evidence(text)
    return missing(as_claim(sentence, shown), shown)


@pytest.mark.parametrize(
    ("claim", "evidence", "lacking"),
    [
        ("5 billion", "5 million", "5 billion"),
        ("$ 12.50", "EUR 12.50", "$ 12.50"),
        ("5 %", "5 kg", "5 %"),
        ("5 cm", "5 km", "5 cm"),
        ("5 min", "5 h", "5 min"),
        ("5 million dollars", "paid $5", "5 million dollars"),
        ("$5 billion", "$5M", "$5 billion"),
        ("it has 5 users", "5 million users", "5"),
        ("thirteen", "12", "13"),
        ("five billion", "5 million", "5 billion"),
        ("twelve", "eleven", "12"),
        ("3,250.00", "Chair 3 250.00 750.00", "3,250.00"),
    ],
)
def test_a_number_that_is_told_otherwise_is_missing(
    claim: str, evidence: str, lacking: str
) -> None:
    assert _missing(claim, evidence) == (lacking,)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("5 million", "5"),
        ("$12.50", "12.50"),
        ("5 percent", "5"),
        ("USD 12.50", "$12.50"),
        ("€12.50", "12.50 euros"),
        ("5 million dollars", "Revenue ($ in millions)\n$5"),
        ("in millions it was 5", "5 million"),
        ("$1.5 billion", "$1,500 million"),
        ("5 million users", "5M users"),
        ("5 minutes", "5 m"),
        ("500 cm", "5 m"),
        ("5 million", "5 billion in 2023, 5 million in 2024"),
        ("$5 million", "$5 to $10 million"),
        ("1 km", "1 kg, 1000 m"),
        ("5 rooms", "5x rooms"),
    ],
)
def test_a_number_that_may_be_meant_so_is_borne_out(claim: str, evidence: str) -> None:
    assert _missing(claim, evidence) == ()


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("five million", "5 million"),
        ("5,000,000", "five million"),
        ("12", "twelve"),
        ("One of them is twenty-five", "25"),
        ("1 year", "one year"),
        ("a five-year warranty", "5 years"),
        ("1 234.50", "1,234.50"),
        ("1,234.50", "Total 1 234.50"),
        ("1\u202f234.50", "Total 1 234.50"),
        ("Chair 3 250.00 750.00", "Chair 3 250.00 750.00"),
    ],
)
def test_a_number_is_the_same_spelled_and_grouped(claim: str, evidence: str) -> None:
    assert _missing(claim, evidence) == ()


@given(st.lists(_PARTS, max_size=8).map(" ".join))
def test_a_text_lacks_nothing_of_itself(text: str) -> None:
    assert _missing(text, text) == ()
