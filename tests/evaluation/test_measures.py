"""Measures of judged rankings."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.evaluation.measures import NDCG, Judged, judge, measure, values_of_each

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


def test_success_asks_for_any_relevant_file_and_recall_for_all() -> None:
    found = values_of_each([Judged([None, 0, None, 2], 4)])
    assert [found[f"success@{k}"] for k in (1, 5, 10, 50)] == [[0.0], [1.0], [1.0], [1.0]]
    assert [found[f"R@{k}"] for k in (1, 5, 10, 50)] == [[0.0], [0.5], [0.5], [0.5]]
    assert found["mrr@10"] == [0.5]


def test_recall_at_50_sees_what_lies_beyond_10() -> None:
    found = values_of_each([Judged([None] * 30 + [0], 1)])
    assert (found["R@10"], found["R@50"]) == ([0.0], [1.0])


def test_a_grade_is_the_gain_of_an_entry() -> None:
    # found: grade 1 at rank 1, grade 3 at rank 2; ideal is the other way round
    found = values_of_each([Judged([0, 1], 2, (1, 3))])
    log = math.log2(3)
    assert found[NDCG] == [pytest.approx((1 + 3 / log) / (3 + 1 / log))]
    assert values_of_each([Judged([0, 1], 2)])[NDCG] == [1.0]


def test_each_query_has_its_own_value_in_order() -> None:
    found = values_of_each([Judged([0], 1), Judged([], 1), Judged([None, 0], 1)])
    assert found["mrr@10"] == [1.0, 0.0, 0.5]
    assert values_of_each([])[NDCG] == []


@given(st.lists(JUDGED, min_size=1, max_size=4))
def test_every_value_lies_between_0_and_1_and_a_missing_answer_lowers_the_mean(
    judged: list[Judged],
) -> None:
    nothing = Judged((), 3)
    for name, values in values_of_each([*judged, nothing]).items():
        *before, last = values
        assert all(0.0 <= value <= 1.0 for value in before), name
        assert last == 0.0
        assert sum(values) / len(values) <= sum(before) / len(before)


@given(st.lists(JUDGED, min_size=1, max_size=4))
def test_values_do_not_depend_on_the_order_of_queries(judged: list[Judged]) -> None:
    there, back = values_of_each(judged), values_of_each(judged[::-1])
    assert {name: values[::-1] for name, values in there.items()} == back
