"""What one changed object costs in a large partition: a run for events beside a full run.

Stations, and the checks that the Dagster job runs beside them, without Dagster's own work.

Tables, memo, inbox and collection are real and on the disk; files, parser and models are stubs.
"""

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.corpus import DOMAIN
from benchmarks.measure import Finding, Spent, in_process, report, show, timed
from mmrag_pipeline.engines.stub import StubImageText, StubText
from mmrag_pipeline.indexing.checks import (
    judge_counts,
    judge_dead_letters,
    judge_fingerprints,
    judge_layout,
    judge_schema,
    judge_vectors,
)
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode, Step, World
from mmrag_pipeline.indexing.stations import STEPS
from mmrag_pipeline.records import Event, ObjectInfo
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.inbox import BlobInbox
from mmrag_pipeline.stores.memo import ParquetMemo
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import Models, State, fake_settings, fake_world

_MODULE = "benchmarks.one_object"
_DIMENSION = 64
"""Of both vectors; what is measured here does not depend on it."""
_SHOWN_S = 0.05


class Watched(FakeSource):
    """A bucket that counts how often it is listed; the objects are a function of the count."""

    def __init__(self, count: int, changed: Sequence[int] = ()) -> None:
        """Make the objects, then change some of them."""
        super().__init__()
        self.is_bucket = True
        self.lists = 0
        for number in (*range(count), *(-n for n in changed)):
            self.put(DOMAIN, _key(abs(number)), f"img:{number}".encode())

    def list(
        self, domain: str, keys: Sequence[str] | None = None, *, held_at: str = ""
    ) -> list[ObjectInfo]:
        """Return the listing, and count."""
        self.lists += 1
        return super().list(domain, keys, held_at=held_at)

    @property
    def bytes_read(self) -> int:
        """Return the bytes of all objects that were opened."""
        return sum(n * len(self.files[DOMAIN][key].data) for key, n in self.opened.items())


def cold(root: Path, count: int) -> Finding:
    """Index all objects."""
    return _run(root, Watched(count), f"(cold, {count} files)", Mode("cold"))


def event(root: Path, count: int) -> Finding:
    """Change an object and run for its event."""
    notice = Event(_key(7), "02", "ObjectCreated:Put", datetime(2026, 1, 1, tzinfo=UTC))
    BlobInbox(FolderBlobs(root)).put({DOMAIN: [notice]})
    mode = Mode("event", events=True)
    return _run(root, Watched(count, [7]), f"an event of {count} files", mode)


def quiet(root: Path, count: int) -> Finding:
    """Run for events when there are none."""
    mode = Mode("quiet", events=True)
    return _run(root, Watched(count, [7]), f"no event of {count} files", mode)


def full(root: Path, count: int) -> Finding:
    """Change an object and run in full."""
    return _run(root, Watched(count, [7, 8]), f"a full run, 1 changed of {count}", Mode("full"))


CASES = {"cold": cold, "event": event, "quiet": quiet, "full": full}


def main() -> None:
    """Print the table, or run one case in this process: CASE ROOT COUNT."""
    if len(sys.argv) == 4:
        report(CASES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
        return
    count = sys.argv[1] if len(sys.argv) > 1 else "100000"
    with tempfile.TemporaryDirectory() as root:
        findings = [in_process(_MODULE, name, root, count) for name in CASES]
    show("One changed object (notes: CPU seconds of stations)", findings)


def _run(root: Path, source: Watched, case: str, mode: Mode) -> Finding:
    world = _world(root, source)
    spent = {_name(step): _timed_step(world, step, mode) for step in STEPS}
    spent["checks"] = timed(lambda: _checked(world))
    stations = {n: round(s.cpu_s, 2) for n, s in spent.items() if s.cpu_s >= _SHOWN_S}
    notes = {
        "objects opened": len(source.opened),
        "bytes read": source.bytes_read,
        "listings": source.lists,
        "objects listed": source.listed,
        **stations,
    }
    seconds, cpu_s = (sum(getattr(s, n) for s in spent.values()) for n in ("seconds", "cpu_s"))
    return Finding(case, seconds, cpu_s, "", notes=notes)


def _timed_step(world: World, step: Step, mode: Mode) -> Spent:
    return timed(lambda: run_step(world, step, DOMAIN, mode=mode))


def _checked(world: World) -> None:
    """Run the checks that the Dagster job runs after the stations."""
    found = [
        *(judge_schema(world, table, DOMAIN) for table in TABLES),
        judge_vectors(world, "image_vectors", DOMAIN),
        judge_vectors(world, "text_vectors", DOMAIN),
        judge_fingerprints(world, DOMAIN),
        judge_counts(world, DOMAIN),
        judge_layout(world, DOMAIN),
        judge_dead_letters(world, DOMAIN),
    ]
    failed = [verdict.message for verdict in found if not verdict.passed]
    if failed:
        raise RuntimeError("; ".join(failed))


def _name(step: Step) -> str:
    return "+".join(station.name for station in step.stations)


def _world(root: Path, source: Watched) -> World:
    blobs = FolderBlobs(root)
    state = State(
        tables=ParquetTables(blobs),
        memo=ParquetMemo(blobs),
        vectors=EdgeVectors(root / "collections", 20.0),
        inbox=BlobInbox(blobs),
    )
    models = Models(image_text=StubImageText(_DIMENSION), text=StubText(_DIMENSION))
    settings = fake_settings().model_copy(update={"batch_size": 256})
    return fake_world(source, state=state, models=models, settings=settings)


def _key(number: int) -> str:
    return f"2026/07/picture-{number:07}.png"


if __name__ == "__main__":
    main()
