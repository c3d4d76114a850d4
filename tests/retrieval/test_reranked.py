"""A second judge's word, blended with the score of the fusion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.reranked import reranked
from tests.retrieval.refining import keys, ranking, scores

TOP = ranking(a=10.0, b=8.0, c=2.0)
JUDGED = {("shop", "a"): -3.0, ("shop", "b"): 1.0, ("shop", "c"): 5.0}


def test_both_shares_are_blended_by_weight_within_the_range_of_the_files_own_scores() -> None:
    """Own shares 1, 0.75, 0; the judge's 0, 0.5, 1: blended 0.75, 0.6875, 0.25 of 2..10."""
    files = reranked("judge", TOP, JUDGED, weight=0.25)
    assert scores(files) == pytest.approx({"a": 8.0, "b": 7.5, "c": 4.0})
    assert files[0].changes == {"judge": {"judged": -3.0}}


def test_with_a_weight_of_one_the_judge_alone_decides() -> None:
    assert keys(reranked("judge", TOP, JUDGED, weight=1.0)) == ["c", "b", "a"]


def test_with_a_weight_of_zero_nothing_moves() -> None:
    assert scores(reranked("judge", TOP, JUDGED, weight=0.0)) == scores(TOP)


def test_a_file_that_was_not_judged_keeps_its_score() -> None:
    judged = {file: score for file, score in JUDGED.items() if file[1] != "b"}
    files = reranked("judge", TOP, judged, weight=0.5)
    assert scores(files) == pytest.approx({"b": 8.0, "a": 6.0, "c": 6.0})
    assert keys(files) == ["b", "a", "c"]
    assert files[0].changes == {}


def test_without_a_judgement_the_files_are_as_they_were() -> None:
    assert reranked("judge", TOP, {}, weight=0.5) == TOP
    assert reranked("judge", [], JUDGED, weight=0.5) == []


def test_files_of_equal_scores_are_ordered_by_the_judge() -> None:
    assert keys(reranked("judge", ranking(a=1.0, b=1.0, c=1.0), JUDGED, weight=0.5)) == [
        "c",
        "b",
        "a",
    ]


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(-5.0, 5.0)),
    st.dictionaries(st.sampled_from("abcd"), st.floats(-5.0, 5.0)),
    st.floats(0.0, 1.0),
)
def test_no_file_is_lost_or_leaves_the_range(
    own: dict[str, float], judged: dict[str, float], weight: float
) -> None:
    top = ranking(**dict(sorted(own.items(), key=lambda item: -item[1])))
    files = reranked("judge", top, {("shop", k): v for k, v in judged.items()}, weight=weight)
    assert sorted(keys(files)) == sorted(own)
    for file in files:
        assert min(own.values()) - 1e-9 <= file.score <= max(own.values()) + 1e-9
