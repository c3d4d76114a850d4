"""Measures of answers, against values worked out by hand."""

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.evaluation.answer_measures import (
    Abstention,
    abstention,
    bleu,
    corpus_bleu,
    exact_match,
    meteor,
    normalised,
    numeric_match,
    rouge,
    token_f1,
    vqa_accuracy,
)

Measure = Callable[[str, Sequence[str]], float]
OF_WORDS: list[Measure] = [exact_match, token_f1, vqa_accuracy, bleu, meteor]
words = st.lists(st.sampled_from(["red", "tea", "pot", "the", "12.5", "%"]), max_size=8)
texts = words.map(" ".join)


def test_articles_case_marks_and_blanks_do_not_count() -> None:
    assert normalised("  The Cat, an 'old' one!") == "cat old one"
    assert exact_match("The total.", ["total"]) == 1.0


def test_a_point_between_digits_counts() -> None:
    assert exact_match("14.10", ["1410"]) == 0.0
    assert exact_match("14.10.", ["14.10"]) == 1.0


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("1,299.00", "1299", 1.0),
        ("The total is RM 14.10 for 2 items.", "14.10", 1.0),
        ("53%", "53 percent", 1.0),
        ("53%", "$53", 0.0),
        ("2,000 g", "2 kg", 1.0),
        ("14.1", "14.01", 0.0),
        ("no number", "14.01", 0.0),
        ("twelve", "a dozen", None),
    ],
)
def test_numbers_are_compared_as_numbers(
    answer: str, reference: str, expected: float | None
) -> None:
    assert numeric_match(answer, [reference]) == expected


def test_token_f1_is_the_harmonic_mean_of_shared_words() -> None:
    # 2 shared of 3 and of 4: precision 2/3, recall 1/2, F1 4/7
    assert token_f1("red tea pot", ["red pot on fire"]) == pytest.approx(4 / 7)
    assert token_f1("red tea pot", ["nothing", "red tea pot"]) == 1.0


def test_token_f1_counts_a_word_as_often_as_both_have_it() -> None:
    assert token_f1("tea tea", ["tea"]) == pytest.approx(2 / 3)


def test_bleu_of_a_sentence_is_that_of_its_n_grams() -> None:
    # p1..p4 = 5/6, 3/5, 2/4, 1/3 against six words: no brevity penalty
    found = bleu("the cat sat on the mat", ["the dog sat on the mat"])
    assert found == pytest.approx((5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)
    assert bleu("the cat sat on the mat", ["the cat sat on the mat"]) == 1.0


def test_a_short_answer_pays_the_brevity_penalty() -> None:
    found = bleu("the cat sat on", ["the cat sat on the mat"])
    assert found == pytest.approx(math.exp(1 - 6 / 4))


def test_bleu_of_a_corpus_counts_matches_over_all_answers() -> None:
    answers = ["the cat sat on the mat", "a red tea pot here"]
    references = [["the dog sat on the mat"], ["nobody knows", "a red tea pot here"]]
    # 1-grams 5+5 of 6+5, 2-grams 3+4 of 5+4, 3-grams 2+3 of 4+3, 4-grams 1+2 of 3+2
    expected = (10 / 11 * 7 / 9 * 5 / 7 * 3 / 5) ** 0.25
    assert corpus_bleu(answers, references) == pytest.approx(expected)
    assert corpus_bleu([], []) == 0.0


def test_rouge_is_the_f_measure_of_shared_n_grams_and_of_the_longest_sequence() -> None:
    found = rouge("cat sat mat", ["cat mat sat"])
    # all three words, no pair of neighbours but none shared, longest common sequence of 2
    assert found == {
        "rouge1": pytest.approx(1.0),
        "rouge2": pytest.approx(0.0),
        "rougeL": pytest.approx(2 / 3),
    }


def test_meteor_weighs_recall_and_counts_chunks() -> None:
    # 2 matches in 1 chunk; P = 1, R = 2/3; F = PR / (0.9 P + 0.1 R); penalty 0.5 (1/2)^3
    f_mean = (2 / 3) / (0.9 * 1 + 0.1 * 2 / 3)
    found = meteor("red tea", ["red tea pot"])
    assert found == pytest.approx(f_mean * (1 - 0.5 * (1 / 2) ** 3))


def test_meteor_knows_stems_and_no_synonyms() -> None:
    assert meteor("walking", ["walked"]) == pytest.approx(0.5)
    assert meteor("car", ["automobile"]) == 0.0


def test_vqa_accuracy_asks_three_references_to_agree() -> None:
    assert vqa_accuracy("red", ["red"] + ["blue"] * 9) == pytest.approx(1 / 3)
    assert vqa_accuracy("red", ["red"] * 4 + ["blue"] * 6) == 1.0
    assert vqa_accuracy("red", ["red"]) == 1.0


def test_abstaining_is_measured_like_finding_the_queries_without_an_answer() -> None:
    answerable = [True, True, True, False, False, False]
    abstained = [False, True, True, True, True, False]
    found = abstention(answerable, abstained)
    assert (found.precision, found.recall, found.f1) == pytest.approx((1 / 2, 2 / 3, 4 / 7))


def test_abstaining_from_nothing_where_all_can_be_answered_is_perfect() -> None:
    assert abstention([True], [False]) == Abstention(1.0, 1.0, 1.0)
    assert abstention([False], [False]).f1 == 0.0


@settings(max_examples=40)
@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_every_measure_lies_between_0_and_1(answer: str, references: list[str]) -> None:
    found = [measure(answer, references) for measure in OF_WORDS]
    found += rouge(answer, references).values()
    found += [corpus_bleu([answer], [references]), numeric_match(answer, references) or 0.0]
    assert all(0.0 <= value <= 1.0 for value in found), found


@settings(max_examples=40)
@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_the_order_of_references_does_not_matter(answer: str, references: list[str]) -> None:
    for measure in OF_WORDS:
        assert measure(answer, references) == pytest.approx(measure(answer, references[::-1]))
