"""Answers and reports of before go when a domain's redaction does, and only then."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from fakeredis import TcpFakeServer

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
    assert forget_unredacted(settings, "d", "rules") == Forgotten(answers=1, reports=1)
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
    assert found.reports == 1
    assert forget_unredacted(settings, "d", "rules") == Forgotten(answers=1)


def test_where_there_is_nothing_to_drop_nothing_is_told(tmp_path: Path) -> None:
    empty = Settings(home=tmp_path)
    assert forget_unredacted(empty, "d", "rules") is None
    open_answer_cache(empty).put(KEY, "made under the rules")
    assert forget_unredacted(empty, "d", "rules") is None
    assert open_answer_cache(empty).get(KEY) == "made under the rules"


@pytest.mark.parametrize("place", ["", "answers"])
def test_a_note_that_cannot_be_read_drops_nothing_of_its_place(
    settings: Settings, place: str
) -> None:
    note = settings.home / place / "redacted" / "d.txt"
    note.parent.mkdir()
    note.write_bytes(b"\xff")
    found = forget_unredacted(settings, "d", "rules")
    assert found is not None
    assert "delete it, and the next run" in found.kept
    assert (found.answers, found.reports) == ((0, 1) if place else (1, 0))
    assert _held(settings) == 1


def test_a_cache_that_machines_share_is_emptied_by_the_first_of_them(tmp_path: Path) -> None:
    with TcpFakeServer(("127.0.0.1", 0)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{server.server_address[1]}/0"
        first, fresh = (_machine(tmp_path / name, url) for name in ("first", "fresh"))
        open_answer_cache(first).put(KEY, "ann@example.com")
        assert forget_unredacted(first, "d", "rules") == Forgotten(answers=1)
        open_answer_cache(first).put(KEY, "[email]")
        assert forget_unredacted(fresh, "d", "rules") is None
        assert open_answer_cache(fresh).get(KEY) == "[email]"
        server.shutdown()


def _machine(home: Path, url: str) -> Settings:
    return Settings(home=home, answer_cache_url=url)  # type: ignore[arg-type]  # pydantic reads text


def _unreachable() -> object:
    return Settings(answer_cache_url="redis://127.0.0.1:9/0").answer_cache_url  # type: ignore[arg-type]  # pydantic reads text
