"""Positions of charts, computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.evaluation.charts import percent, trend

VALUE = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, "0.00%"), (0.8125, "81.25%"), (1.0, "100.00%"), (1.5, "100.00%")]
)
def test_a_value_lies_at_its_share_of_the_axis(value: float, expected: str) -> None:
    assert percent(value) == expected


def test_runs_are_evenly_spaced_on_an_axis_of_tenths() -> None:
    found = trend([{"fused": 0.5}, {"fused": 0.75}, {"fused": 0.95}])
    assert (found.low, found.high) == (0.5, 1.0)
    (line,) = found.lines
    assert line.dots == ((4.0, 96.0), (50.0, 50.0), (96.0, 13.2))  # 4 + 92 * (1 - 0.95) / 0.5
    assert line.last == 0.95
    assert list(line.segments) == [((4.0, 96.0), (50.0, 50.0)), ((50.0, 50.0), (96.0, 13.2))]


def test_one_run_is_a_dot_in_the_middle() -> None:
    (line,) = trend([{"fused": 0.35}]).lines
    assert line.dots == ((50.0, 50.0),)
    assert list(line.segments) == []


def test_a_run_without_a_ranking_is_passed_over() -> None:
    found = trend([{"bm25": 0.2}, {"fused": 0.4}, {"bm25": 0.4, "fused": 0.2}])
    assert {line.name: line.dots for line in found.lines} == {
        "bm25": ((4.0, 96.0), (96.0, 4.0)),
        "fused": ((50.0, 4.0), (96.0, 96.0)),
    }


@pytest.mark.parametrize(
    ("value", "axis"), [(0.0, (0.0, 0.1)), (0.3, (0.3, 0.4)), (1.0, (0.9, 1.0))]
)
def test_equal_values_have_an_axis_of_a_tenth(value: float, axis: tuple[float, float]) -> None:
    found = trend([{"fused": value}, {"fused": value}])
    assert (found.low, found.high) == axis


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUE, min_size=1), min_size=1, max_size=9))
def test_every_dot_lies_within_the_margins(runs: list[dict[str, float]]) -> None:
    dots = [at for line in trend(runs).lines for dot in line.dots for at in dot]
    assert all(4.0 <= at <= 96.0 for at in dots)
