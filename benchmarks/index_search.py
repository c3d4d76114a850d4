"""What each quantization costs and finds: recall, latency, memory, disk and opening time."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.measure import Finding, in_process, report, show_rows, timed
from benchmarks.synthetic import blocks, clustered
from mmrag_pipeline.index_settings import Quantization
from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Layout, Vectors, VectorSpace, Where
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.sizing import size
from mmrag_pipeline.stores.tuning import Tuning

_MODULE = "benchmarks.index_search"
_NAME = "bench__shop__g1"
_DIMENSION, _TOP, _ASKED = 384, 10, 200
_LAYOUT = Layout((VectorSpace("text", _DIMENSION, "text"),))
_EXACT_KB = 10**9
_COLUMNS = (
    "kept as",
    "built CPU s",
    "recall@10",
    "p50 ms",
    "p95 ms",
    "CPU ms",
    "opening s",
    "opening CPU s",
    "MiB own",
    "MiB mapped",
    "MiB disk",
    "MiB told",
)


def fill(root: Path, count: int) -> Finding:
    """Write the points; no graph."""
    store = EdgeVectors(root, tuning=_tuning("none", exact=True))
    store.create(_NAME, _LAYOUT)

    def write() -> None:
        with store.writer(_NAME) as index:
            for block in blocks(_LAYOUT, count):
                index.upsert(block)

    spent = timed(write)
    return Finding("filled", spent.seconds, spent.cpu_s, "")


def truth(root: Path, count: int) -> Finding:
    """Write which points are nearest, found by comparing with every point."""
    spent = timed(lambda: np.save(root / "truth.npy", _nearest(count)))
    return Finding("compared", spent.seconds, spent.cpu_s, "")


def build(root: Path, method: Quantization, *, exact: bool = False) -> Finding:
    """Bring what is there to another tuning."""

    def tune() -> None:
        with EdgeVectors(root, tuning=_tuning(method, exact=exact)).writer(_NAME):
            pass

    spent = timed(tune)
    return Finding(method, spent.seconds, spent.cpu_s, "")


def ask(root: Path, method: Quantization, *, exact: bool = False, rescore: bool = True) -> Finding:
    """Open it in a new process and ask all questions twice, the second time by the clock."""
    store = EdgeVectors(root, tuning=_tuning(method, exact=exact, rescore=rescore))
    before, found, notes = _memory_mib(), list[list[int]](), dict[str, float]()
    began = time.perf_counter(), time.process_time()
    with store.reader(_NAME) as index:
        opened = time.perf_counter() - began[0], time.process_time() - began[1]
        _answers(index, lambda _: None)
        cpu, took = time.process_time(), list[float]()
        found = _answers(index, took.append)
        cpu = time.process_time() - cpu
        after = _memory_mib()
    notes["recall"] = _recall(found, np.load(root / "truth.npy"))
    notes |= {"p50": _ms(took, 50), "p95": _ms(took, 95), "cpu_ms": 1000 * cpu / _ASKED}
    notes |= {"opening": opened[0], "opening_cpu": opened[1], "disk": _disk_mib(root)}
    notes |= {"own": after[0] - before[0], "mapped": after[1] - before[1]}
    return Finding(method, sum(took), cpu, "", notes=notes)


def show_all(count: int, methods: Sequence[str]) -> None:
    """Print the table, a row as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        run = partial(in_process, _MODULE)
        filled = run("fill", folder, str(count))
        run("truth", folder, str(count))
        rows = [_row("none, exact", filled, run("ask", folder, "none", "exact"), count)]
        for method in methods:
            built = run("build", folder, method)
            for rescore in ("rescore", "plain") if method != "none" else ("rescore",):
                name = method if rescore == "rescore" else f"{method} alone"
                rows.append(_row(name, built, run("ask", folder, method, rescore), count))
                print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    show_rows(f"{count} clustered vectors of {_DIMENSION}", _COLUMNS, rows)


def _row(name: str, built: Finding, asked: Finding, count: int) -> tuple[str, ...]:
    notes = asked.notes
    return (
        name,
        f"{built.cpu_s:.0f}",
        f"{notes['recall']:.3f}",
        *(f"{notes[n]:.1f}" for n in ("p50", "p95", "cpu_ms")),
        *(f"{notes[n]:.2f}" for n in ("opening", "opening_cpu")),
        *(f"{notes[n]:.0f}" for n in ("own", "mapped", "disk")),
        _told_mib(asked.case, count),
    )


def _told_mib(method: str, count: int) -> str:
    """Return what the sizing function tells of memory."""
    tuning = Tuning(_quantization(method), vectors_memory="cold")
    return f"{size(count, _DIMENSION, tuning=tuning).memory(tuning) / 2**20:.0f}"


def _quantization(name: str) -> Quantization:
    (method,) = (m for m in get_args(Quantization) if m == name)
    return method


def _tuning(method: Quantization, *, exact: bool = False, rescore: bool = True) -> Tuning:
    return Tuning(method, exact_below_kb=_EXACT_KB if exact else 1, rescore=rescore)


def _questions() -> Vectors:
    return clustered(_ASKED, _DIMENSION, 10**9)


def _nearest(count: int) -> np.ndarray[Any, Any]:
    """Return the numbers of the best points of each question: (questions, 10)."""
    scores = np.concatenate(
        [
            _questions() @ np.stack([p.dense["text"] for p in block]).T
            for block in blocks(_LAYOUT, count)
        ],
        axis=1,
    )
    return np.argsort(-scores, axis=1)[:, :_TOP]


def _answers(index: CollectionReader, tell: Callable[[float], None]) -> list[list[int]]:
    found = []
    for question in _questions():
        began = time.perf_counter()
        best = index.query("text", question, limit=_TOP, where=Where())
        tell(time.perf_counter() - began)
        found.append([int(str(c.payload["file_id"]), 16) for c in best])
    return found


def _recall(found: Sequence[Sequence[int]], nearest: np.ndarray[Any, Any]) -> float:
    shared = [len(set(one) & set(true.tolist())) for one, true in zip(found, nearest, strict=True)]
    return sum(shared) / (_TOP * len(shared))


def _ms(seconds: Sequence[float], percentile: float) -> float:
    return 1000 * float(np.percentile(seconds, percentile))


def _memory_mib() -> tuple[float, float]:
    """Return this process's own memory, and the pages of files that it can give back."""
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(fields[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped


def _disk_mib(root: Path) -> float:
    blocks_of_files = [f.stat().st_blocks for f in root.rglob("segments/**/*") if f.is_file()]
    return sum(blocks_of_files) * 512 / 2**20


def main() -> None:
    """Print the table: [COUNT [METHOD...]]; or run one part in this process."""
    part, *rest = sys.argv[1:] or ["100000"]
    if part in ("fill", "truth"):
        report((fill if part == "fill" else truth)(Path(rest[0]), int(rest[1])))
    elif part in ("build", "ask"):
        method = _quantization(rest[1])
        work = build if part == "build" else partial(ask, rescore="plain" not in rest)
        report(work(Path(rest[0]), method, exact="exact" in rest))
    else:
        show_all(int(part), rest or get_args(Quantization))


if __name__ == "__main__":
    main()
