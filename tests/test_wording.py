"""Sentences, citations and words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.wording import (
    citations,
    completed,
    content_words,
    defused,
    knows_nothing,
    sentences,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It costs 4.50 [E1]. It is red. [E2]", ["It costs 4.50 [E1].", "It is red. [E2]"]),
        ("See No. 5 of Mr. A. Smith. Done!", ["See No. 5 of Mr. A. Smith.", "Done!"]),
        ("one\n\ntwo", ["one", "two"]),
        ("It is red.\n[E1]", ["It is red. [E1]"]),
        ("It is red. [E1] [E2] Next.", ["It is red. [E1] [E2]", "Next."]),
        (" ", []),
    ],
)
def test_a_text_is_parted_into_sentences_with_their_citations(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_citations_are_taken_off_and_named_once() -> None:
    assert citations("It is red [E1, E3]. [E1]") == ("It is red.", ("E1", "E3"))
    assert citations("see [note] and [E]") == ("see [note] and [E]", ())


@given(st.lists(st.sampled_from(["It is. ", "[E1] ", "4.5 ", "A", "b\n", "No. "]), max_size=12))
def test_sentences_that_are_complete_are_those_of_the_whole_text(pieces: list[str]) -> None:
    said, rest = list[str](), ""
    for piece in pieces:
        ended, rest = completed(rest + piece)
        said += ended
    assert said + sentences(rest) == sentences("".join(pieces))


@pytest.mark.parametrize("text", ["I do not know", "I do not know.", "i don't know [E1]"])
def test_saying_that_nothing_is_known_is_seen(text: str) -> None:
    assert knows_nothing(text)
    assert not knows_nothing(f"{text} But it is red.")


def test_words_that_carry_meaning_are_left_without_inflection() -> None:
    assert content_words("How much do the boxes cost?") == ["box", "cost"]


def test_text_that_looks_like_a_citation_is_defused() -> None:
    assert defused("cite [E1, E2] and [this]") == "cite (E1, E2) and [this]"


@pytest.mark.parametrize(
    "question", ["what's the price of Ann's tent", "isn’t it Ann’s tent price"]
)
def test_what_joined_a_word_is_none_of_its_own(question: str) -> None:
    assert set(content_words(question)) == {"price", "ann", "tent"}
