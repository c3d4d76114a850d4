"""A loss counts when it is larger than allowed and more than chance."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmrag_pipeline.evaluation.paired import Limits, compare, intervals

LIMITS = Limits(max_loss=0.02, confidence=0.95)
scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)
gains = st.lists(st.floats(-0.03, 0.03), min_size=5, max_size=30)
"""Of queries enough to tell."""


def _lost(n: int, of: int, *, by: float = 1.0) -> bool:
    """Return whether `n` queries of so many that lose `by` each make a worse system."""
    return compare([1.0] * of, [1.0 - by] * n + [1.0] * (of - n), LIMITS).worse


@pytest.mark.parametrize(("confidence", "fewest"), [(0.5, 1), (0.9, 4), (0.95, 5), (0.99, 7)])
def test_so_many_queries_as_a_sign_test_needs_can_tell(confidence: float, fewest: int) -> None:
    assert Limits(0.02, confidence).fewest == fewest


def test_fewer_queries_tell_of_no_loss_however_large() -> None:
    assert not _lost(4, 4)
    assert not compare([1.0] * 4, [0.0] * 4, LIMITS).decides
    assert _lost(5, 5)


def test_one_query_lost_among_many_may_be_chance() -> None:
    assert not _lost(1, 40)
    assert _lost(8, 40)


def test_a_loss_in_every_query_that_is_not_above_what_is_allowed_is_not_worse() -> None:
    assert not _lost(40, 40, by=0.02)
    assert _lost(40, 40, by=0.03)


def test_no_difference_is_not_worse_even_when_nothing_may_be_lost() -> None:
    same = compare([0.5] * 40, [0.5] * 40, Limits(0.0, 0.95))
    assert (same.worse, same.difference, same.low, same.high) == (False, 0.0, 0.0, 0.0)


def test_pairs_are_compared_not_means() -> None:
    draw = np.random.default_rng(3)
    live = draw.uniform(0.1, 1.0, 60)
    assert compare(live.tolist(), (live - 0.05).tolist(), LIMITS).worse
    shuffled = draw.permutation(live - 0.05).tolist()
    assert not compare(live.tolist(), shuffled, LIMITS).worse


def test_the_bounds_are_those_of_the_normal_distribution_for_many_queries() -> None:
    live = np.zeros(2_000)
    candidate = np.random.default_rng(1).normal(0.1, 0.5, 2_000)
    found = compare(live.tolist(), candidate.tolist(), LIMITS)
    error = 1.645 * candidate.std() / np.sqrt(2_000)
    assert found.low == pytest.approx(candidate.mean() - error, abs=1e-3)
    assert found.high == pytest.approx(candidate.mean() + error, abs=1e-3)


@settings(max_examples=25)
@given(scores)
def test_a_verdict_is_the_same_each_time_and_its_bounds_in_order(
    pairs: list[tuple[float, float]],
) -> None:
    live, candidate = [one for one, _ in pairs], [other for _, other in pairs]
    found = compare(live, candidate, LIMITS)
    assert found == compare(live, candidate, LIMITS)
    assert found.low <= found.high


@settings(max_examples=25)
@given(gains, st.sampled_from([0.0, 0.02, 0.06]))
def test_where_queries_are_enough_a_verdict_is_its_upper_bound(
    gained: list[float], loss: float
) -> None:
    found = compare([0.5] * len(gained), [0.5 + gain - loss for gain in gained], LIMITS)
    assume(abs(found.high + LIMITS.max_loss) > 1e-4)
    assert found.decides
    assert found.worse is (found.high < -LIMITS.max_loss)


def test_an_interval_is_that_of_the_normal_distribution_for_many_queries() -> None:
    values = np.random.default_rng(2).normal(0.5, 0.2, 2_000)
    ((low, high),) = intervals([values.tolist()], 0.95)
    error = 1.96 * values.std() / np.sqrt(2_000)
    assert low == pytest.approx(values.mean() - error, abs=1e-3)
    assert high == pytest.approx(values.mean() + error, abs=1e-3)


def test_equal_values_have_no_spread() -> None:
    assert intervals([[0.25] * 7, [1.0] * 7], 0.95) == [(0.25, 0.25), (1.0, 1.0)]


def test_a_mean_of_two_queries_may_be_either_of_them() -> None:
    assert intervals([[0.0, 1.0]], 0.9) == [(0.0, 1.0)]
    assert intervals([[0.0, 1.0]], 0.4) == [(0.5, 0.5)]


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_lies_between_the_extremes_and_is_the_same_each_time(
    values: list[float],
) -> None:
    ((low, high),) = intervals([values], 0.95)
    assert min(values) - 1e-6 <= low <= high <= max(values) + 1e-6
    assert intervals([values, values], 0.95) == [(low, high)] * 2
