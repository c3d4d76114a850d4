"""What telemetry costs a run: off and on (page, gateway, spans, lines), taking turns."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from io import StringIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.corpus import bench_world, index, write_pictures
from benchmarks.measure import Spent, show_rows, timed
from mmrag_pipeline.observing.listeners import Listeners
from mmrag_pipeline.observing.numbers import Gateway, Numbers
from mmrag_pipeline.observing.stages import Stages, start_log
from mmrag_pipeline.observing.stores import heard
from mmrag_pipeline.observing.traces import Traces
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.telemetry import SILENT, Telemetry
from tests.observing.listening import listening

_TURNS = 5


def main() -> None:
    """Print the table: COUNT pictures (500)."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with elsewhere(hangs=False) as url, elsewhere(hangs=True) as hanging:
        cases = {
            "off": SILENT,
            "on": all_of(url),
            "on, nobody there": all_of("http://127.0.0.1:9"),
            "on, hanging": all_of(hanging),
        }
        took: dict[str, list[Spent]] = {name: [] for name in cases}
        for _ in range(_TURNS):
            for name, telemetry in cases.items():
                took[name].append(indexed(count, telemetry))
    least = {name: min(one.seconds for one in all_) for name, all_ in took.items()}
    cpu = {name: min(one.cpu_s for one in all_) for name, all_ in took.items()}
    rows = [
        (
            name,
            f"{least[name]:.3f}",
            f"{least[name] / least['off']:.3f}",
            f"{cpu[name]:.3f}",
            f"{cpu[name] / cpu['off']:.3f}",
            f"{max(one.seconds for one in took[name]):.3f}",
        )
        for name in cases
    ]
    columns = ("telemetry", "seconds (fastest)", "against off", "CPU s", "against off", "slowest")
    show_rows(f"A first run of {count} pictures, {_TURNS} turns", columns, rows)


@contextmanager
def elsewhere(*, hangs: bool) -> Iterator[str]:
    """Listen in another process, whose work is not that of a run; yields where."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_listen, args=(there, hangs))
    process.start()
    yield here.recv()
    here.send("over")
    process.join()


def _listen(pipe: Connection, hangs: bool) -> None:
    with listening(hangs=hangs) as listener:
        pipe.send(listener.url)
        pipe.recv()


def all_of(url: str) -> Telemetry:
    """Return everyone who can listen."""
    numbers, traces = Numbers(), Traces(url, {})
    return Listeners([numbers], [traces, Stages()], [Gateway(url, numbers), traces])


def indexed(count: int, telemetry: Telemetry) -> Spent:
    """Index new pictures with models that cost nothing; return what it took."""
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        root = Path(folder)
        write_pictures(root / "files", count)
        start_log(
            Settings(log_format="json", log_level="warning" if telemetry is SILENT else "info")
        )
        with bench_world(root) as world:
            listening = replace(
                world,
                telemetry=telemetry,
                source=heard(world.source, "source", telemetry),
                memo=heard(world.memo, "memo", telemetry),
                vectors=heard(world.vectors, "vectors", telemetry),
            )

            def work() -> None:
                index(listening, "run")
                telemetry.push()

            return timed(work)


if __name__ == "__main__":
    main()
