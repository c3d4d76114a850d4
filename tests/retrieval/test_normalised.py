"""Scores on a common scale."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.normalised import Normalise, dbsf, minmax, zscore

EACH = pytest.mark.parametrize("normalise", [minmax, zscore, dbsf])
SCORES = st.lists(st.integers(-1_000, 1_000).map(float), min_size=1, max_size=20)


def test_minmax_is_the_share_of_the_range() -> None:
    assert minmax([5.0, 3.0, 1.0]) == [1.0, 0.5, 0.0]


def test_zscore_counts_deviations_above_the_lowest() -> None:
    """Mean 3, deviation sqrt(8/3): z-scores 1.2247, 0, -1.2247."""
    assert zscore([5.0, 3.0, 1.0]) == pytest.approx([2.4495, 1.2247, 0.0], abs=1e-4)


def test_dbsf_is_the_place_between_three_deviations_of_the_sample() -> None:
    """Mean 3, deviation 2: the limits are -3 and 9."""
    assert dbsf([5.0, 3.0, 1.0]) == pytest.approx([8 / 12, 6 / 12, 4 / 12])


def test_dbsf_lets_one_beyond_its_limits_stand_out() -> None:
    """Of 0 twenty-four times and 25 the mean is 1 and the deviation 5: the limits are -14, 16."""
    assert dbsf([25.0, *[0.0] * 24])[0] == pytest.approx(39 / 30)


def test_dbsf_takes_one_below_its_limits_for_not_found() -> None:
    assert dbsf([*[0.0] * 24, -25.0])[-1] == 0.0


@pytest.mark.parametrize(("normalise", "value"), [(minmax, 1.0), (zscore, 1.0), (dbsf, 0.5)])
def test_equal_scores_have_a_value_of_their_own(normalise: Normalise, value: float) -> None:
    assert normalise([7.0]) == [value]
    assert normalise([0.3, 0.3, 0.3]) == [value] * 3


@EACH
@given(scores=SCORES, factor=st.integers(1, 50), shift=st.integers(-100, 100))
def test_scale_and_origin_of_scores_do_not_matter(
    normalise: Normalise, scores: list[float], factor: int, shift: int
) -> None:
    moved = [factor * score + shift for score in scores]
    assert normalise(moved) == pytest.approx(normalise(scores), abs=1e-9)


@EACH
@given(scores=SCORES)
def test_the_order_of_scores_is_kept_and_none_is_below_0(
    normalise: Normalise, scores: list[float]
) -> None:
    values = normalise(sorted(scores, reverse=True))
    assert values == sorted(values, reverse=True)
    assert min(values) >= 0.0


@given(SCORES)
def test_minmax_stays_within_0_and_1(scores: list[float]) -> None:
    assert all(0.0 <= value <= 1.0 for value in minmax(scores))


@given(SCORES)
def test_no_score_is_further_from_the_mean_than_samples_can_be(scores: list[float]) -> None:
    """Samuelson's inequality: (n - 1) / sqrt(n) deviations of the sample at most."""
    assume(len(set(scores)) > 1)
    furthest = (len(scores) - 1) / math.sqrt(len(scores)) / 6
    assert max(dbsf(scores)) <= 0.5 + furthest + 1e-9
