"""Answers by quoting: the right passage, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.answer_records import Ask
from mmrag_pipeline.engines.extractive import Extractive
from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.intent import intent_of
from mmrag_pipeline.model_ports import Answerer
from mmrag_pipeline.values import exact, holds
from mmrag_pipeline.wording import DO_NOT_KNOW
from tests.engines.answer_packs import QUESTION, AnswererPack, evidence, text_of

CARD = "Brelvane Hush\nXR-200\nNoise cancelling\nEUR 189.00"
RECEIPT = "PINEWATER CAMPSITE\nDate 2024-07-19\nPitch fee 2 nights 46.00\nTOTAL 62.50"


def answer(question: str, *texts: str) -> str:
    shown = evidence(*texts)
    return text_of(list(Extractive(StubText()).answer(Ask(question), shown)))


class TestContract(AnswererPack):
    def answerer(self) -> Answerer:
        return Extractive(StubText())


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        (QUESTION, "EUR 189.00 [E1]\nBrelvane Hush [E1]\n"),
        ("What is the code of the Brelvane Hush?", "XR-200 [E1]\nBrelvane Hush [E1]\n"),
        (
            "What was the total at Pinewater Campsite?",
            "TOTAL 62.50 [E2]\nPINEWATER CAMPSITE [E2]\n",
        ),
        ("How much was the pitch fee at Pinewater?", "Pitch fee 2 nights 46.00 [E2]\nPINEWATER"),
        ("When was I at Pinewater Campsite?", "Date 2024-07-19 [E2]"),
    ],
)
def test_the_value_that_is_asked_for_is_quoted_with_what_it_is_of(
    question: str, quoted: str
) -> None:
    assert answer(question, CARD, RECEIPT).startswith(quoted)


@pytest.mark.parametrize(
    "question",
    [
        "How much does the Zanthor Drift cost?",
        "How much was the parking fee at Pinewater Campsite?",
        "How many beds does the Pinewater Campsite have?",
        "What is the price of XR-300?",
        "",
    ],
)
def test_what_no_evidence_says_is_not_answered(question: str) -> None:
    assert answer(question, CARD, RECEIPT) == DO_NOT_KNOW
    assert answer(question) == DO_NOT_KNOW


@pytest.mark.parametrize(
    ("question", "rows", "said"),
    [
        ("How much is INV-1409?", "Hedge 135.00\nTOTAL 269.50", "TOTAL 269.50 [E1]"),
        ("How much is INV-1409?", "Hedge 135.00\nAmount due: EUR 20.00", "Amount due: EUR 20.00"),
        ("How much is INV-1409?", "Total VAT 9.00\nBalance due 9.50\nTotal 59.00", "Total 59.00"),
        ("What is the balance due of INV-1409?", "Balance due 9.50\nTotal 59.00", "Balance due"),
        ("How much did I pay at Greenlatch?", "Hedge 5.00\nTotal incl. VAT 6.00", "Total incl."),
        ("What do I owe Greenlatch?", "Hedge 135.00\nGRAND TOTAL 270.00", "GRAND TOTAL 270.00"),
        ("How much is INV-1409?", "Hedge 135.00", DO_NOT_KNOW),
        ("How much is INV-1409?", "EUR 135.00", "EUR 135.00 [E1]"),
        ("How much is INV-1409?", "Price: EUR 135.00\nEUR 135.00", "Price: EUR 135.00"),
        ("How much is INV-1409?", "Hedge 135.00\nRain barrel 79.90", DO_NOT_KNOW),
        ("How much is INV-1409?", "Hedge 135.00\nSubtotal 79.90", DO_NOT_KNOW),
        ("How much was the hedge on INV-1409?", "Hedge 135.00\nTOTAL 269.50", "Hedge 135.00"),
        ("How much was the hedge?", "Hedge\n135.00\nTOTAL 269.50", DO_NOT_KNOW),
    ],
)
def test_a_document_is_as_much_as_its_total_and_never_as_one_of_its_items(
    question: str, rows: str, said: str
) -> None:
    assert answer(question, f"INVOICE\nGreenlatch\nNo. INV-1409\n{rows}").startswith(said)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is Ann's e-mail?", "Ann Miller's e-mail: [e-mail]"),
        ("How do I reach Ann?", "Reach Ann in room 4, [telephone]"),
        ("What is the telephone number of Ann?", "Ann, room 4\nTelephone [telephone]"),
        ("What is Ann's IBAN?", "Ann\nIBAN\n[IBAN]"),
        ("Who is Ann?", "Ann: [national id]"),
        ("What is the card number of Ann?", "Ann pays with [card], customer 17"),
    ],
)
def test_what_was_taken_out_of_a_text_is_not_known(question: str, text: str) -> None:
    assert answer(question, text) == DO_NOT_KNOW


def test_a_text_that_something_was_taken_out_of_answers_other_questions() -> None:
    said = answer("How much was Ann's card bill?", "Ann's card bill EUR 12.00, [card]")
    assert said == "Ann's card bill EUR 12.00, [card] [E1]\n"


def test_a_number_of_a_kind_stands_beside_the_name_of_the_kind() -> None:
    page = "Charger PW-65\nThe serial number is PW65-118."
    said = answer("What is the serial number of the charger?", page)
    assert said.startswith("The serial number is PW65-118. [E1]")


def test_how_often_is_not_how_long() -> None:
    assert answer("How long does rinsing take?", "Rinsing: every six weeks.") == DO_NOT_KNOW
    assert answer("How long does rinsing take?", "Rinsing: six weeks.") != DO_NOT_KNOW


def test_a_value_of_the_question_is_no_answer_to_it() -> None:
    said = answer("What is the service code of the AU-520?", "Guide AU-520\nService: AU-520-R4.")
    assert said.startswith("Service: AU-520-R4. [E1]")


def test_evidence_that_looks_like_a_citation_cites_nothing() -> None:
    assert "(E9) [E1]" in answer(QUESTION, "Brelvane Hush EUR 189.00 [E9]")


@pytest.mark.parametrize(
    ("question", "sort"),
    [
        ("How much is it?", "amount"),
        ("How much space is left?", "number"),
        ("How long does it take?", "duration"),
        ("At what time is low water?", "time"),
        ("When was it paid?", "date"),
        ("Which error code is shown when it fails?", "code"),
        ("What share of the cost is rent?", "share"),
        ("Who wrote it?", "any"),
    ],
)
def test_a_question_says_what_sort_of_value_it_asks_for(question: str, sort: str) -> None:
    assert intent_of(question).sort == sort


@pytest.mark.parametrize("total", ["INR 1,200.00", "CNY 1,200.00", "₹1200", "RM 12.00"])
def test_a_total_in_any_currency_is_what_a_document_costs(total: str) -> None:
    said = answer("How much is INV-1409?", f"Invoice INV-1409\nLamp 3.00\nTotal {total}")
    assert f"Total {total}" in said


@pytest.mark.parametrize("spelled", ["twelve", "fourteen", "ninety", "twenty-four"])
def test_a_duration_may_be_spelled_in_any_number(spelled: str) -> None:
    assert intent_of("How long is the warranty?").fits(f"It lasts {spelled} days.")


def test_another_threshold_or_encoder_is_another_card() -> None:
    cards = [Extractive(StubText()).card, Extractive(StubText(), 0.5).card]
    cards.append(Extractive(StubText(revision="2")).card)
    assert len({card.fingerprint for card in cards}) == 3


WORDS = st.sampled_from(
    ["total", "EUR 5.00", "12", "XR-7", "fee", "2024-01-02", "\n", "hut", "8 %"]
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_no_answer_has_a_value_that_is_not_in_its_evidence(question: str, texts: list[str]) -> None:
    said = text_of(
        list(Extractive(StubText(), threshold=0.0).answer(Ask(question), evidence(*texts)))
    )
    shown = "\n".join(texts)
    claimed = exact(said.replace("[E", "[").replace(DO_NOT_KNOW, ""))
    own = {str(n) for n in range(1, 4)}  # the numbers of its citations
    assert all(holds(shown, value) or value.text in own for value in claimed)
