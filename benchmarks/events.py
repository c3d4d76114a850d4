"""How soon a changed object is found: `latency [PUTS]`; taking in many notices: `absorb [COUNT]`.

Latency runs the real daemon over a stand-in for S3 and SQS; a put counts as found when a
search of all signals has it among its hits.
"""

import io
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import numpy as np
import psutil  # type: ignore[import-untyped]  # it ships no types
from PIL import Image, ImageDraw

from benchmarks import absorbing
from benchmarks.corpus import DOMAIN
from benchmarks.measure import show_rows
from demo.local_s3 import BUCKET, PREFIX, local_s3
from mmrag_pipeline.assembly import open_searcher, open_tables
from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.retrieval.query import Query, Searcher
from tests.e2e.daemon import Yard, daemon

PAUSE_S = 6.0
"""Most seconds between two puts."""
_POLL_S = 0.05
_GIVE_UP_S = 180.0
_REST_S = 5.0


@dataclass(slots=True)
class Put:
    """One object: when it was written and found, in seconds since 1970, and by which run."""

    key: str
    at: float
    found: float = 0.0
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """The seconds from a put to its hit, and where they went."""

    whole: float
    tick: float
    """Until a tick had asked for the run."""
    queue: float
    """Until the run began."""
    run: float
    """Until a search had the hit."""


@dataclass(slots=True)
class Watch:
    """Looks for what was put, by a search whenever a run has written the collection's table."""

    yard: Yard
    searcher: Searcher
    seen: str = ""

    def look(self, puts: Sequence[Put]) -> None:
        """Note the puts that are found by now."""
        lineage = open_tables(self.yard.settings).lineage("collection", DOMAIN)
        if lineage is None or lineage.run_id == self.seen:
            return
        keys, now = self._hits(), time.time()
        for put in puts:
            if put.key in keys and not put.found:
                put.found, put.run_id = now, lineage.run_id
        self.seen = lineage.run_id if keys else ""

    def _hits(self) -> set[str]:
        query = Query("a picture with words", domains=(DOMAIN,), limit=1_000)
        try:
            return {hit.key for hit in self.searcher.search(query)}
        except NotFoundError:  # the first collection does not serve yet
            return set()

    def wait(self, puts: Sequence[Put], over: Callable[[], bool]) -> None:
        """Look again and again until it is over; raises TimeoutError."""
        end = time.monotonic() + _GIVE_UP_S
        while not over():
            if time.monotonic() > end:
                raise TimeoutError(self.yard.log.read_text(errors="replace")[-3_000:])
            self.look(puts)
            time.sleep(_POLL_S)


def main() -> None:
    """Print the tables of `latency [PUTS]` or `absorb [COUNT]`."""
    numbers = [int(text) for text in sys.argv[2:3]]
    match sys.argv[1:2]:
        case ["latency"]:
            latency(*(numbers or [30]))
        case ["absorb"]:
            absorbing.show_all(*(numbers or [10_000]))
        case _:
            sys.exit(__doc__)


def latency(count: int) -> None:
    """Put pictures at random moments; print how long each took to be found."""
    with tempfile.TemporaryDirectory() as folder, local_s3() as here:
        yard = Yard(here, Path(folder))
        with daemon(yard):
            watch = Watch(yard, open_searcher(yard.settings))
            _load(watch.searcher)
            _wait_for_tick(watch)
            first = _put(yard, "first.png")
            watch.wait([first], lambda: bool(first.found))
            time.sleep(_REST_S)
            before = _processor_s()
            puts = _put_at_random(watch, count)
            cpu_s = _processor_s() - before
            with yard.instance() as instance:
                cold, *warm = [_parts(instance, put) for put in (first, *puts)]
    _show(cold, warm)
    print(f"Daemon and runs took {cpu_s / count:.2f} s of processor time for each put.")


def picture(words: str) -> bytes:
    """Return a small picture with words on it."""
    image = Image.new("RGB", (400, 200), "white")
    ImageDraw.Draw(image).text((20, 80), words, fill="black", font_size=30)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _load(searcher: Searcher) -> None:
    """Load the models that queries need: not what is measured."""
    searcher.encoders.text.encode(["words"])
    searcher.encoders.image_text.encode_texts(["words"])


def _wait_for_tick(watch: Watch) -> None:
    """Wait until the sensor has looked at the queue once: the daemon is up then."""
    with watch.yard.instance() as instance:
        watch.wait([], lambda: any(map(_has_ticked, instance.all_instigator_state())))


def _has_ticked(state: object) -> bool:
    data = getattr(state, "instigator_data", None)
    return bool(getattr(data, "last_tick_timestamp", None))


def _put(yard: Yard, key: str) -> Put:
    data = picture(key.partition(".")[0])
    at = time.time()
    yard.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{DOMAIN}/{key}", Body=data)
    return Put(key, at)


def _put_at_random(watch: Watch, count: int) -> list[Put]:
    """Put objects whether those before were found or not; return all when all are found."""
    dice = random.Random(7)
    puts: list[Put] = []
    for number in range(count):
        then = time.monotonic() + dice.uniform(0.0, PAUSE_S)
        watch.wait(puts, lambda then=then: time.monotonic() >= then)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        puts.append(_put(watch.yard, f"number{number}.png"))
    watch.wait(puts, lambda: all(put.found for put in puts))
    return puts


def _parts(instance: dg.DagsterInstance, put: Put) -> Parts:
    record = instance.get_run_record_by_id(put.run_id)
    assert record is not None, "a run wrote the table that told of the put"
    asked, began = record.create_timestamp.timestamp(), record.start_time or 0.0
    return Parts(put.found - put.at, asked - put.at, began - asked, put.found - began)


def _processor_s() -> float:
    """Return what the daemon and its processes have taken so far, the stand-in for S3 left out."""
    return sum(map(_taken_s, psutil.Process().children(recursive=True)))


def _taken_s(process: psutil.Process) -> float:
    with suppress(psutil.Error):  # it has just ended
        if "moto.server" not in process.cmdline():
            return float(sum(process.cpu_times()[:4]))
    return 0.0


def _show(cold: Parts, warm: Sequence[Parts]) -> None:
    columns = ("puts", "put to hit", "of it tick", "queue", "run", "goal")
    rows = [("first, models not loaded", *_cells([cold], 50), "")]
    for name, percent, goal in (("p50", 50, "<= 5"), ("p95", 95, "<= 10"), ("max", 100, "")):
        rows.append((f"{name} of {len(warm)}, each column by itself", *_cells(warm, percent), goal))
    show_rows("Seconds from a put to a hit", columns, rows)


def _cells(found: Sequence[Parts], percent: int) -> list[str]:
    columns = [[one.whole, one.tick, one.queue, one.run] for one in found]
    return [f"{number:.2f}" for number in np.percentile(columns, percent, axis=0)]


if __name__ == "__main__":
    main()
