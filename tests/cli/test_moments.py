"""Dates of a command line."""

from datetime import UTC, datetime

import pytest

from mmrag_pipeline.cli.moments import end_of, start_of
from mmrag_pipeline.errors import SettingsError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_day_is_searched_from_its_start_to_its_end() -> None:
    assert start_of("--since", "2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert end_of("--until", "2026-03-01") == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00:00Z", "2026-03-01T12:00", "2026-03-01T13:00:00+01:00"]
)
def test_an_instant_is_taken_as_it_is(text: str) -> None:
    assert start_of("--since", text) == NOON
    assert end_of("--until", text) == NOON


def test_the_end_of_the_last_day_is_the_last_instant_there_is() -> None:
    assert end_of("--until", "9999-12-31") == datetime.max.replace(tzinfo=UTC)
    assert end_of("--until", "9999-12-30") == datetime(9999, 12, 31, tzinfo=UTC)


def test_no_date_restricts_nothing() -> None:
    assert start_of("--since", None) is None
    assert end_of("--until", None) is None


@pytest.mark.parametrize("text", ["", "today", "2026-13-01", "20260301"])
def test_what_is_no_date_says_how_to_write_one(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--until .* is no date: write YYYY-MM-DD"):
        end_of("--until", text)
