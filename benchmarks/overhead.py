"""What the pipeline costs beside its models: cold, unchanged, and after one edit."""

import sys
import tempfile
from pathlib import Path

from benchmarks.corpus import bench_world, index, write_picture, write_pictures
from benchmarks.measure import Finding, in_process, report, show, timed

_MODULE = "benchmarks.overhead"


def _stations(outcomes: dict[str, float]) -> dict[str, float]:
    return {name: round(seconds, 3) for name, seconds in outcomes.items() if seconds >= 0.005}


def cold(root: Path, count: int) -> Finding:
    """Index new pictures."""
    write_pictures(root / "files", count)
    with bench_world(root) as world:
        seconds: dict[str, float] = {}
        total = timed(
            lambda: seconds.update({n: o.seconds for n, o in index(world, "cold").items()})
        )
    return Finding(f"cold, {count} images", total, f"<= {count / 1_000:g}", 0, _stations(seconds))


def unchanged(root: Path, count: int) -> Finding:
    """Run again without a change."""
    goal = {1_000: "<= 0.2", 5_000: "<= 1.0"}.get(count, "")
    seconds: dict[str, float] = {}
    with bench_world(root) as world:
        total = timed(
            lambda: seconds.update({n: o.seconds for n, o in index(world, "again").items()})
        )
    return Finding(f"no-op, {count} images", total, goal, 0, _stations(seconds))


def edited(root: Path, count: int) -> Finding:
    """Run after one edit."""
    write_picture(root / "files" / "000007.png", 10_000_007)
    seconds: dict[str, float] = {}
    with bench_world(root) as world:
        outcomes = {}
        total = timed(lambda: outcomes.update(index(world, "edit")))
        seconds = {name: o.seconds for name, o in outcomes.items()}
        calls = {"image calls": float(outcomes["image_vectors"].computed)}
    return Finding(f"one edit of {count}", total, "<= 0.3", 0, calls | _stations(seconds))


CASES = {"cold": cold, "unchanged": unchanged, "edited": edited}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT COUNT."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    findings = []
    for count in (1_000, 5_000):
        with tempfile.TemporaryDirectory() as root:
            findings += [in_process(_MODULE, case, root, str(count)) for case in CASES]
    show("Overhead beside the models", findings)


if __name__ == "__main__":
    main()
