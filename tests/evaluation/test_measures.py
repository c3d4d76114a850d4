"""Measures of judged rankings."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.evaluation.measures import Judged, judge, measure

RANKING = st.lists(st.integers(0, 5), unique=True, max_size=12).map(
    lambda entries: [entry if entry < 3 else None for entry in entries]
)
JUDGED = st.builds(Judged, RANKING, st.just(3))


def test_a_relevant_first_hit_is_perfect() -> None:
    assert measure([Judged([0, None], 1)]).as_json() == {
        "queries": 1,
        "recall@1": 1.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
        "mrr@10": 1.0,
        "ndcg@10": 1.0,
    }


def test_any_relevant_file_is_a_hit() -> None:
    assert measure([Judged([None, 2], 3)]).recall_at_5 == 1.0


def test_a_query_without_hits_counts_as_zero() -> None:
    assert measure([Judged([0], 1), Judged([], 1)]).recall_at_10 == 0.5


def test_all_queries_without_hits_are_zero() -> None:
    assert measure([Judged([], 1)]).as_json() == {**measure([]).as_json(), "queries": 1}


def test_a_hit_below_the_cutoff_does_not_count() -> None:
    deep = measure([Judged([None] * 10 + [0], 1)])
    assert (deep.recall_at_10, deep.mrr_at_10, deep.ndcg_at_10) == (0.0, 0.0, 0.0)


def test_second_place_is_worth_half_in_mrr_and_a_log_in_ndcg() -> None:
    second = measure([Judged([None, 0], 1)])
    assert second.mrr_at_10 == pytest.approx(0.5)
    assert second.ndcg_at_10 == pytest.approx(1 / math.log2(3))


@given(st.lists(JUDGED, min_size=1, max_size=4))
def test_recall_grows_with_the_cutoff(judged: list[Judged]) -> None:
    found = measure(judged)
    assert 0.0 <= found.recall_at_1 <= found.recall_at_5 <= found.recall_at_10 <= 1.0


@given(st.lists(JUDGED, min_size=1, max_size=4))
def test_the_order_of_queries_does_not_matter(judged: list[Judged]) -> None:
    assert measure(judged[::-1]).ndcg_at_10 == pytest.approx(measure(judged).ndcg_at_10)


def test_an_entry_names_a_key_or_a_domain_and_a_key() -> None:
    keys = [("x", "a"), ("y", "b"), ("x", "b")]
    assert judge(keys, ["a", "x/b"]).ranking == [0, None, 1]


def test_an_entry_counts_at_its_first_hit_only() -> None:
    assert judge([("x", "a"), ("y", "a")], ["a"]).ranking == [0, None]


def test_an_entry_given_twice_counts_once() -> None:
    assert judge([("x", "a")], ["a", "a"]).relevant == 1


def test_the_number_of_queries_is_told() -> None:
    assert measure([Judged([0], 1), Judged([], 1)]).queries == 2
