"""Words that stand together: what a copied line gains over texts that only share its words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.records import Candidate, Signal
from mmrag_pipeline.retrieval.phrases import pairs, with_phrases
from mmrag_pipeline.retrieval.signals import Found

RARE = math.log((2 - 1 + 0.5) / (1 + 0.5) + 1)
"""Inverse document frequency of what one of two texts has."""


def _found(key: str, text: str, score: float = 1.0) -> Found:
    return Found("shop", Candidate(key, score, {"key": key, "text": text}))


def _raised(text: str, *found: Found) -> dict[str, float]:
    (lists,) = with_phrases(text, [{"bm25": found}])
    return {one.candidate.point_id: one.candidate.score for one in lists["bm25"]}


def test_pairs_are_neighbours_in_lower_case_without_marks() -> None:
    assert pairs("With this, RECEIPT.") == {("with", "this"), ("this", "receipt")}


def test_a_copied_line_gains_what_its_pairs_are_worth() -> None:
    whole = _found("whole", "purchase with this receipt")
    scattered = _found("scattered", "this receipt: thanks with a purchase")
    both = math.log((2 - 2 + 0.5) / (2 + 0.5) + 1)
    share = 1.0
    found = _raised("purchase with this receipt", whole, scattered)
    assert found["whole"] == pytest.approx(1.0 + share * (2 * RARE + both))
    assert found["scattered"] == pytest.approx(1.0 + share * both)


def test_a_question_of_which_no_text_has_much_gains_little() -> None:
    found = _raised("what does the red kettle cost", _found("a", "red kettle"), _found("b", "tea"))
    everything = RARE + 4 * math.log((2 + 0.5) / 0.5 + 1)
    assert found["a"] == pytest.approx(1.0 + RARE * RARE / everything)
    assert found["b"] == 1.0


def test_one_word_has_no_neighbours() -> None:
    assert _raised("receipt", _found("a", "a receipt")) == {"a": 1.0}


def test_texts_of_two_models_are_weighed_as_those_of_one() -> None:
    one, other = _found("a", "with this receipt"), _found("b", "this receipt", 0.5)
    together = _raised("with this receipt", one, other)
    apart = with_phrases("with this receipt", [{"bm25": [one]}, {"bm25": [other]}])
    scores = [found.candidate.score for lists in apart for found in lists["bm25"]]
    assert scores == [together["a"], together["b"]]


def test_the_other_signals_stay_as_they_are() -> None:
    lists: dict[Signal, list[Found]] = {"text": [_found("a", "with this")], "bm25": []}
    assert with_phrases("with this", [lists, {}]) == [lists, {}]


TEXTS = st.lists(st.sampled_from(["a b", "b c", "a b c", "c a", ""]), min_size=1, max_size=5)


@given(TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(texts: list[str], draw: st.DrawFn) -> None:
    found = [_found(str(n), text, 1.0 - n / 10) for n, text in enumerate(texts)]
    mixed = [*found]
    draw.shuffle(mixed)  # type: ignore[attr-defined]  # it is a random.Random
    assert _raised("a b c", *mixed) == _raised("a b c", *found)
