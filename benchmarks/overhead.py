"""What the pipeline costs beside its models: cold, unchanged, and after one edit."""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.corpus import run, settle, write_picture, write_pictures
from benchmarks.measure import Finding, Spent, in_process, report, show, timed
from mmrag_pipeline.indexing.run import Outcome

_MODULE = "benchmarks.overhead"


def cold(root: Path, count: int) -> Finding:
    """Index new pictures."""
    write_pictures(root / "files", count)
    spent, outcomes = _indexed(root, "cold")
    return _finding(f"cold, {count} images", spent, f"<= {count / 1_000:g}", _notes(outcomes))


def unchanged(root: Path, count: int) -> Finding:
    """Run again without a change."""
    goal = {1_000: "<= 0.2", 5_000: "<= 1.0"}.get(count, "")
    spent, outcomes = _indexed(root, "again")
    return _finding(f"no-op, {count} images", spent, goal, _notes(outcomes))


def edited(root: Path, count: int) -> Finding:
    """Run after one edit."""
    write_picture(root / "files" / "000007.png", 10_000_007)
    settle()
    spent, outcomes = _indexed(root, "edit")
    calls = {"image calls": float(outcomes["image_vectors"].computed)}
    return _finding(f"one edit of {count}", spent, "<= 0.3", calls | _notes(outcomes))


CASES = {"cold": cold, "unchanged": unchanged, "edited": edited}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT COUNT."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    counts = [int(count) for count in sys.argv[1:]] or [1_000, 5_000]
    findings = []
    for count in counts:
        with tempfile.TemporaryDirectory() as root:
            findings += [in_process(_MODULE, case, root, str(count)) for case in CASES]
    show("Overhead beside the models", findings)


def _indexed(root: Path, run_id: str) -> tuple[Spent, Mapping[str, Outcome]]:
    outcomes: dict[str, Outcome] = {}
    return timed(lambda: outcomes.update(run(root, run_id))), outcomes


def _finding(case: str, spent: Spent, goal: str, notes: Mapping[str, float]) -> Finding:
    return Finding(case, spent.seconds, spent.cpu_s, goal, notes=notes)


def _notes(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    """Return the seconds of the stations that took any."""
    return {n: round(o.seconds, 3) for n, o in outcomes.items() if o.seconds >= 0.005}


if __name__ == "__main__":
    main()
