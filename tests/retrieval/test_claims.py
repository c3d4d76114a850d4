"""A number is borne out by one that is worth the same, in the same unit, currency and scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.claims import as_claim, as_evidence, missing

_NUMBERS = ["one", "two", "five", "million", "hundred", "thousand", "twenty-five", "5-year"]
_DIGITS = [
    "5",
    "5%",
    "$5",
    "5M",
    "1",
    "234.50",
    "250",
    "10",
    "XR-200",
    "12/01/2019",
    "0012345",
    "(5,000)",
]
_OTHERS = ["and", "to", "EUR", "kg", "m", "Miller", "no-one", ".", ",", "–", "\n"]
_SIGNED = ["-5", "-$5", "minus", "loss", "10:30 am", "5 p.m.", ".5", "US$", "per month", "°C"]
_PARTS = st.sampled_from(_NUMBERS + _DIGITS + _OTHERS + _SIGNED)


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
        ("5 years", "5 months", "5 years"),
        ("3 weeks", "3 days", "3 weeks"),
        ("20 kg", "20 lb", "20 kg"),
        ("20 kg", "20 pounds", "20 kg"),
        ("200 °C", "200 °F", "200 °C"),
        ("$5 per year", "$5 per month", "$5 per year"),
        ("$5 a year", "$5 monthly", "$5 a year"),
        ("5 am", "5 p.m.", "5 am"),
        ("10:30 pm", "10:30 am", "10:30pm"),
        ("12345", "Part 0012345", "12345"),
        ("5,000", "Profit (5,000)", "5,000"),
        ("$5", "-$5", "5"),
        ("5 degrees", "minus five degrees", "5"),
        ("53%", "53 items", "53%"),
        ("5 million", "5 users", "5 million"),
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
        ("5 employees", "5 staff"),
        ("12 months", "1 year"),
        ("$5 per month", "$5 monthly"),
        ("$5 per month", "$5"),
        ("20 pounds", "20 lb"),
        ("20 pounds", "£20"),
        ("20 GBP", "20 pounds"),
        ("200 degrees Celsius", "200°C"),
        ("53%", "53 per cent"),
        ("53%", "Growth 53 Revenue"),
        ("10:30 AM", "10:30 a.m."),
        ("10:30", "10:30 AM"),
        ("10:30 AM", "10:30"),
        ("a loss of 5,000", "Profit (5,000)"),
        ("in (2019)", "2019"),
        ("5 of them", "Qty 05"),
        ("US$5.00", "$ 5.00"),
        ("0.5", ".5"),
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
