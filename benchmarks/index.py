"""How fast points get into the embedded index, change there, and how fast it opens."""

import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks.measure import Finding, Spent, in_process, report, show, timed
from benchmarks.synthetic import blocks, payload, point_id
from mmrag_pipeline.records import Layout, VectorSpace
from mmrag_pipeline.stores.edge import EdgeVectors

_MODULE = "benchmarks.index"
_NAME = "bench__shop__g1"
_LAYOUT = Layout(
    (
        VectorSpace("image", 512, "image"),
        VectorSpace("text", 384, "text"),
        VectorSpace("bm25", 0, "words"),
    )
)
_CHANGED = 20_000


def upserts(root: Path, count: int) -> Finding:
    """Write points into an empty collection; making them up is not counted."""
    store = EdgeVectors(root)
    store.create(_NAME, _LAYOUT)
    spent = Spent(0.0, 0.0)
    with store.writer(_NAME) as index:
        for block in blocks(_LAYOUT, count):
            spent = _sum(spent, timed(partial(index.upsert, block)))
        flushed = timed(index.flush)
        closing = time.perf_counter()
    notes = {"flush s": flushed.seconds, "closing s": time.perf_counter() - closing}
    return _finding(f"{count} upserts", spent, count, notes)


def payloads(root: Path, count: int) -> Finding:
    """Change three fields of some payloads, as another visibility does."""
    changed = {
        point_id(n): {**payload(n), "visibility": ["staff"], "_hash": "changed", "run_id": "run-2"}
        for n in range(min(count, _CHANGED))
    }
    with EdgeVectors(root).writer(_NAME) as index:
        spent = timed(lambda: index.set_payloads(changed))
    return _finding(f"{len(changed)} payloads of {count}", spent, len(changed), {})


def opening(root: Path, count: int) -> Finding:
    """Open for questions and close, as each command does."""

    def once() -> None:
        with EdgeVectors(root).reader(_NAME) as index:
            index.count()

    spent = timed(once)
    return Finding(f"opening {count}", spent.seconds, spent.cpu_s, "")


CASES = {"upserts": upserts, "payloads": payloads, "opening": opening}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT COUNT."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    count = sys.argv[1] if len(sys.argv) > 1 else "100000"
    with tempfile.TemporaryDirectory() as root:
        findings = [in_process(_MODULE, case, root, count) for case in CASES]
    show("The embedded index", findings)


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(one.seconds + other.seconds, one.cpu_s + other.cpu_s)


def _finding(case: str, spent: Spent, count: int, notes: Mapping[str, float]) -> Finding:
    rates = {"per s": count / spent.seconds, "per CPU s": count / spent.cpu_s, **notes}
    rounded = {name: round(value, 3) for name, value in rates.items()}
    return Finding(case, spent.seconds, spent.cpu_s, "", notes=rounded)


if __name__ == "__main__":
    main()
