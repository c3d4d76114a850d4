"""Whether evidence bears a sentence out, by values worked out by hand."""

import pytest

from mmrag_pipeline.answer_records import Citation
from mmrag_pipeline.records import Box
from mmrag_pipeline.retrieval.support import check, share
from tests.engines.answer_packs import evidence

KNOWN = {one.evidence_id: one for one in evidence("Brelvane Hush\nEUR 1,299.00", "Blue tent")}


def test_a_sentence_with_its_values_in_the_evidence_is_supported() -> None:
    found = check("The Brelvane Hush costs 1299 EUR [E1].", KNOWN)
    assert (found.text, found.problem) == ("The Brelvane Hush costs 1299 EUR.", "")
    # brelvane, hush, 1299 and eur of brelvane, hush, cost, 1299, eur
    assert found.support == pytest.approx(4 / 5)


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("The Brelvane Hush costs 1298 EUR [E1].", ("1298",)),
        ("The Kumavi Hush costs 1299 EUR [E1].", ("Kumavi",)),
        ("The Brelvane Hush XR-200 costs 1299 EUR [E1].", ("XR-200",)),
        ("The Brelvane Hush costs 1299 EUR [E2].", ("Brelvane", "Hush", "1299", "EUR")),
    ],
)
def test_a_value_that_the_cited_evidence_lacks_is_named(
    sentence: str, missing: tuple[str, ...]
) -> None:
    found = check(sentence, KNOWN)
    assert found.missing == missing
    assert found.problem == f"not in the evidence that it cites: {', '.join(missing)}"


def test_evidence_that_does_not_exist_is_marked() -> None:
    found = check("The Brelvane Hush costs 1299 EUR [E1, E7].", KNOWN)
    assert (found.unknown, found.problem) == (
        ("E7",),
        "it cites evidence that does not exist: E7",
    )


def test_a_sentence_without_a_citation_is_not_supported() -> None:
    assert check("The tent is blue.", KNOWN).problem == "it cites no evidence"


def test_words_of_which_the_evidence_has_few_are_not_supported() -> None:
    found = check("It leaks badly when rained upon [E2].", KNOWN)
    assert (found.support, found.problem) == (0.0, "the evidence that it cites has 0% of its words")


def test_the_citation_shows_the_passage_that_has_the_value() -> None:
    found = check("The Brelvane Hush costs 1299 [E1].", KNOWN)
    assert found.citations == (Citation("E1", "EUR 1,299.00", Box(0, 10, 90, 19)),)


def test_not_knowing_needs_no_evidence() -> None:
    assert check("I do not know.", KNOWN).problem == ""


def test_the_share_of_words_is_counted() -> None:
    assert share("red boxes and a blue tent", "the tents are blue") == pytest.approx(2 / 4)
    assert share("the", "the") == 0.0


@pytest.mark.parametrize("sentence", ["Yes [E1].", "It is [E1].", "No [E1]."])
def test_a_sentence_without_a_word_to_check_is_not_borne_out(sentence: str) -> None:
    assert "0% of its words" in check(sentence, KNOWN).problem


def test_evidence_that_says_the_contrary_is_named() -> None:
    shown = {one.evidence_id: one for one in evidence("The invoice was not paid.")}
    found = check("The invoice was paid [E1].", shown)
    said = "the evidence that it cites says the contrary: The invoice was not paid"
    assert (found.support, found.problem) == (1.0, said)


def test_a_number_that_is_borne_out_counts_as_its_words() -> None:
    shown = {one.evidence_id: one for one in evidence("Revenue: $1,500 million")}
    found = check("Revenue was 1.5 billion dollars [E1].", shown)
    assert (found.support, found.problem) == (1.0, "")


@pytest.mark.parametrize(("said", "shown"), [("4", "four"), ("four", "4")])
def test_the_citation_of_a_spelled_number_shows_its_passage(said: str, shown: str) -> None:
    known = {one.evidence_id: one for one in evidence(f"12 boxes of tea\n{shown} boxes of coffee")}
    (found,) = check(f"It holds {said} boxes [E1].", known).citations
    assert found.quote == f"{shown} boxes of coffee"
