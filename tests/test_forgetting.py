"""Answers and reports of before go when a domain's redaction does, and only then."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.answering import Forgotten, forget_unredacted, open_answer_cache
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.reports import keep_report

KEY = "0" * 32


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a home with an answer and a report."""
    found = Settings(home=tmp_path)
    open_answer_cache(found).put(KEY, "ann@example.com")
    keep_report(tmp_path, "ann@example.com", at=datetime.now(UTC), run_id="run", keep=9)
    return found


def _held(settings: Settings) -> int:
    return sum(b"ann@" in p.read_bytes() for p in settings.home.rglob("*") if p.is_file())


def test_rules_drop_answers_and_reports_of_before_once(settings: Settings) -> None:
    assert forget_unredacted(settings, "d", "rules") == Forgotten(reports=1)
    assert _held(settings) == 0
    open_answer_cache(settings).put(KEY, "ann@example.com")
    assert forget_unredacted(settings, "d", "rules") is None
    assert _held(settings) == 1


def test_without_rules_and_after_them_nothing_is_dropped(settings: Settings) -> None:
    assert forget_unredacted(settings, "d", "") is None
    forget_unredacted(settings, "d", "rules")
    open_answer_cache(settings).put(KEY, "ann@example.com")
    assert forget_unredacted(settings, "d", "") is None
    assert _held(settings) == 1


def test_answers_that_cannot_be_dropped_are_told_and_tried_again(settings: Settings) -> None:
    lost = settings.model_copy(update={"answer_cache_url": _unreachable()})
    found = forget_unredacted(lost, "d", "rules")
    assert found is not None
    assert found.kept.startswith("cached answers may still quote what was purged or is redacted")
    assert forget_unredacted(settings, "d", "rules") == Forgotten(reports=0)


def test_a_note_that_cannot_be_read_drops_nothing(settings: Settings) -> None:
    (settings.home / "redacted").mkdir()
    (settings.home / "redacted" / "d.txt").write_bytes(b"\xff")
    found = forget_unredacted(settings, "d", "rules")
    assert found is not None
    assert "delete it, and the next run" in found.kept
    assert _held(settings) == 2


def _unreachable() -> object:
    return Settings(answer_cache_url="redis://127.0.0.1:9/0").answer_cache_url  # type: ignore[arg-type]  # pydantic reads text
