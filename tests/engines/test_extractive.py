"""Answers by quoting: the right passage, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.answer_records import Ask
from mmrag_pipeline.engines.asked import asked
from mmrag_pipeline.engines.extractive import Extractive
from mmrag_pipeline.engines.stub import StubText
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
    assert asked(question).sort == sort


def test_another_threshold_or_encoder_is_another_card() -> None:
    cards = [Extractive(StubText()).card, Extractive(StubText(), 0.5).card]
    cards.append(Extractive(StubText(revision="2")).card)
    assert len({card.fingerprint for card in cards}) == 3


WORDS = st.sampled_from(
    ["total", "EUR 5.00", "12", "XR-7", "fee", "2024-01-02", "\n", "hut", "8 %"]
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_no_answer_has_a_value_that_is_not_in_its_evidence(question: str, texts: list[str]) -> None:
    said = text_of(
        list(Extractive(StubText(), threshold=0.0).answer(Ask(question), evidence(*texts)))
    )
    shown = "\n".join(texts)
    claimed = exact(said.replace("[E", "[").replace(DO_NOT_KNOW, ""))
    own = {str(n) for n in range(1, 4)}  # the numbers of its citations
    assert all(holds(shown, value) or value.text in own for value in claimed)
