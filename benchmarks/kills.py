"""kill -9 during each station of a run: how much is redone, and is the index a rebuild's."""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.corpus import DOMAIN, bench_world, index, run, write_pictures
from benchmarks.measure import Finding, show, timed
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.testing.snapshot import index_points

_MODULE = "benchmarks.kills"
STATIONS = ("pages", "ocr", "captions", "image_vectors", "chunks", "text_vectors", "collection")


class Told:
    """Progress that tells the parent process."""

    def advance(self, station: str, *, done: int, total: int) -> None:
        """Print one line."""
        print(station, done, total, flush=True)


def child(root: Path) -> None:
    """Index and tell the progress."""
    with bench_world(root) as world:
        index(replace(world, progress=Told()), "killed")


def killed_at(root: Path, station: str) -> int:
    """Start a run, kill -9 it half way through a station; return what it said was done."""
    command = [sys.executable, "-m", _MODULE, "child", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            name, done, total = line.split()
            if name == station and 2 * int(done) >= int(total):
                process.kill()
                return int(done)
    raise RuntimeError(f"the run ended without coming to {station}")


def mended(root: Path, station: str, rebuilt: dict[str, object]) -> Finding:
    """Kill a run, run again, compare."""
    done = killed_at(root, station)
    outcomes: dict[str, Outcome] = {}
    spent = timed(lambda: outcomes.update(run(root, "mending")))
    with bench_world(root) as world:
        same = index_points(world, DOMAIN) == rebuilt
    redone = done - outcomes[station].reused if station != "collection" else 0
    notes = {"said done": done, "redone": max(redone, 0), "equal to a rebuild": same}
    goal = "<= 1 batch, equal"
    return Finding(f"killed in {station}", spent.seconds, spent.cpu_s, goal, notes=notes)


def main() -> None:
    """Print the table, or be the process that is killed: child ROOT."""
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_pictures(root / "files", count)
        whole = _place(root, "whole")
        with bench_world(whole) as world:
            index(world, "rebuild")
            rebuilt: dict[str, object] = dict(index_points(world, DOMAIN))
        findings = [mended(_place(root, name), name, rebuilt) for name in STATIONS]
    show(f"kill -9 during each station, {count} images", findings)


def _place(root: Path, name: str) -> Path:
    """Return a place with a home of its own over the same files."""
    place = root / name
    place.mkdir()
    (place / "files").symlink_to(root / "files")
    return place


if __name__ == "__main__":
    main()
