"""Reports of evaluations: the last few are kept, and all can be forgotten."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mmrag_pipeline.stores.reports import forget_reports, keep_report

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _names(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "reports").iterdir())


def test_a_report_is_named_by_its_time_and_run(tmp_path: Path) -> None:
    path = keep_report(tmp_path, "<p>é", at=AT, run_id="../x", keep=3)
    assert path.parent == tmp_path / "reports"
    assert path.name.startswith("evaluation-20260102T030405Z-")
    assert path.read_text(encoding="utf-8") == "<p>é"


def test_the_same_run_again_replaces_its_own(tmp_path: Path) -> None:
    for text in ("one", "two"):
        path = keep_report(tmp_path, text, at=AT, run_id="r", keep=3)
    assert (_names(tmp_path), path.read_text()) == ([path.name], "two")


def test_the_oldest_go_first_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "mine.html").touch()
    paths = [
        keep_report(tmp_path, "x", at=AT + timedelta(hours=n), run_id="r", keep=2) for n in range(4)
    ]
    assert _names(tmp_path) == [*(path.name for path in paths[2:]), "mine.html"]


def test_an_older_report_written_late_is_kept(tmp_path: Path) -> None:
    keep_report(tmp_path, "x", at=AT, run_id="r", keep=1)
    late = keep_report(tmp_path, "x", at=AT - timedelta(days=1), run_id="r", keep=1)
    assert _names(tmp_path) == [late.name]


def test_all_are_forgotten(tmp_path: Path) -> None:
    assert forget_reports(tmp_path) == 0
    keep_report(tmp_path, "x", at=AT, run_id="r", keep=2)
    assert forget_reports(tmp_path) == 1
    assert _names(tmp_path) == []
