"""The prior for recent files."""

from datetime import UTC, datetime

import pytest

from mmrag_pipeline.retrieval.recency import Recency
from tests.retrieval.refining import WORDS, keys, ranking, scores, told
from tests.retrieval.shelves import found

RECENCY = Recency(30.0, lambda: datetime(2026, 3, 2, tzinfo=UTC))
ANSWERS = told(
    found("month", 1.0, modified_at="2026-01-31T00:00:00.000000Z"),
    found("today", 1.0, modified_at="2026-03-02T00:00:00.000000Z"),
    found("two", 1.0, modified_at="2026-01-01T00:00:00.000000Z"),
    found("ahead", 1.0, modified_at="2027-01-01T00:00:00.000000Z"),
    found("none", 1.0),
)


def test_a_score_halves_with_every_half_life() -> None:
    files = RECENCY(WORDS, ranking(two=8.0, month=6.0, today=2.5), ANSWERS)
    assert scores(files) == pytest.approx({"month": 3.0, "today": 2.5, "two": 2.0})
    assert keys(files) == ["month", "today", "two"]
    assert files[0].changes["recency"] == pytest.approx({"age_days": 30.0, "factor": 0.5})


def test_without_a_time_or_from_the_future_a_score_stays() -> None:
    files = RECENCY(WORDS, ranking(none=2.0, ahead=1.0), ANSWERS)
    assert scores(files) == {"none": 2.0, "ahead": 1.0}


def test_scores_below_zero_are_counted_from_the_lowest() -> None:
    files = RECENCY(WORDS, ranking(month=2.0, today=-1.0, two=-2.0), ANSWERS)
    assert scores(files) == pytest.approx({"month": 0.0, "today": -1.0, "two": -2.0})


def test_equal_scores_keep_their_order() -> None:
    assert keys(RECENCY(WORDS, ranking(today=0.0, month=0.0, ahead=0.0), ANSWERS)) == [
        "today",
        "month",
        "ahead",
    ]


def test_no_files_are_no_files() -> None:
    assert RECENCY(WORDS, [], ANSWERS) == []
