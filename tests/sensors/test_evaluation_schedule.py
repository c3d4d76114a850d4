"""When the evaluation runs, and which queries it asks, by settings."""

from pathlib import Path

import dagster as dg
import pytest

from mmrag_pipeline.assets.upkeep import MEMO_UPKEEP
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.sensors.schedules import schedules


def _evaluate() -> list[dg.ScheduleDefinition]:
    return [one for one in schedules(read_settings(), MEMO_UPKEEP) if one.name == "evaluate"]


def test_without_a_time_nothing_is_evaluated() -> None:
    assert _evaluate() == []


def test_a_time_makes_a_schedule_that_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMRAG_EVAL_CRON", "0 6 * * *")
    (made,) = _evaluate()
    assert (made.job_name, made.cron_schedule) == ("evaluate", "0 6 * * *")
    assert made.default_status is dg.DefaultScheduleStatus.RUNNING


def test_a_time_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMRAG_EVAL_CRON", "at dawn")
    with pytest.raises(SettingsError, match="MMRAG_EVAL_CRON is 'at dawn'"):
        read_settings()


@pytest.mark.parametrize(
    ("given", "files"),
    [("a b.jsonl", ("a b.jsonl",)), ('["a.jsonl", "b.qrels"]', ("a.jsonl", "b.qrels")), ("", ())],
)
def test_queries_are_one_file_or_a_list(
    monkeypatch: pytest.MonkeyPatch, given: str, files: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MMRAG_EVAL_QUERIES", given)
    assert read_settings().eval_queries == tuple(map(Path, files))


def test_a_list_of_queries_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMRAG_EVAL_QUERIES", "[a.jsonl")
    with pytest.raises(SettingsError, match=r"MMRAG_EVAL_QUERIES.*write a path, or a JSON list"):
        read_settings()
