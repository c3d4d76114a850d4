"""The daemon or a run dies anywhere: nothing is lost, nothing is done twice."""

import io
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from PIL import Image
from sqlalchemy.exc import IntegrityError

from demo.local_s3 import PREFIX
from mmrag_pipeline.indexing.stations import STATIONS
from mmrag_pipeline.sensors.failures import failure_sensor
from mmrag_pipeline.sensors.listing import PARTITION_TAG
from mmrag_pipeline.settings import Settings
from tests.e2e import crash_tick, killed_run
from tests.e2e.daemon import ROOT, Yard
from tests.e2e.runs import asked, diary_of, execute, index, rebuilt, stubbed, tick

SHOP = "shop"
POINTS = (
    "TICK_CREATED",
    "TICK_HELD",
    "AUTOMATION_EVALUATIONS_ADDED",
    "RUN_IDS_RESERVED",
    "RUN_CREATED",
    "RUN_LAUNCHED",
    "RUN_IDS_ADDED_TO_EVALUATIONS",
)
"""Every debug point of a sensor's tick in Dagster."""
QUICK_POINTS = ("AUTOMATION_EVALUATIONS_ADDED",)
"""After our function returned and before anything is written."""
QUICK_STATIONS = (("raw_files", "after"), ("collection", "before"))
"""Events are absorbed and not forgotten; points are applied and not noted."""
_CHILD_S = 120


def _slow_but(quick: tuple[object, ...], cases: list[object]) -> list[object]:
    return [c if c in quick else pytest.param(*_values(c), marks=pytest.mark.slow) for c in cases]


def _values(case: object) -> tuple[object, ...]:
    return case if isinstance(case, tuple) else (case,)


def test_the_debug_points_are_those_that_dagster_has() -> None:
    source = Path(str(sys.modules["dagster._daemon.sensor"].__file__)).read_text()
    named = {
        line.split('"')[1] for line in source.splitlines() if "check_for_debug_crash(s" in line
    }
    assert named == set(POINTS)


@pytest.mark.parametrize("point", _slow_but(QUICK_POINTS, list(POINTS)))
def test_a_daemon_that_dies_in_a_tick_loses_nothing_and_asks_for_nothing_twice(
    yard: Yard, point: str
) -> None:
    there = {"shop": {"1.txt", "2.txt"}, "office": {"3.txt"}}
    _put(yard, there)
    assert _ticks(yard, point, 1) == -signal.SIGKILL
    _put(yard, {"office": {"4.txt"}})
    there["office"].add("4.txt")
    assert _ticks(yard, "-", 2) == 0
    kept = {name: {e.key for e in yard.inbox.pending(name).events} for name in there}
    assert kept == there
    assert _runs(yard) == dict.fromkeys(there, 1)
    assert yard.on_the_way() == 0


@pytest.mark.parametrize(
    ("station", "moment"),
    _slow_but(QUICK_STATIONS, [(name, when) for name in STATIONS for when in ("before", "after")]),
)
def test_a_run_that_dies_at_a_station_is_mended_by_the_one_asked_for_after_it(
    yard: Yard, settings: Settings, station: str, moment: str
) -> None:
    diary = diary_of(settings)
    with yard.instance() as instance, stubbed(settings, diary) as world:
        _plant(yard)
        first = asked(tick(instance, settings))[SHOP]
        assert execute(world, first, instance=instance).success
        diary.path.unlink()
        _change(yard)
        assert SHOP in asked(tick(instance, settings))
        lost = _killed(yard, station=station, moment=moment)
        again = _asked_again(instance, settings)
        assert again.run_key == f"{SHOP}!{lost}"
        assert execute(world, again, instance=instance).success
        assert index(world, SHOP) == rebuilt(settings, SHOP)
    assert yard.inbox.pending(SHOP).tokens == ()
    assert max(diary.written().values()) <= 2


def test_after_a_stations_table_is_written_none_of_its_calls_is_made_again(
    yard: Yard, settings: Settings
) -> None:
    diary = diary_of(settings)
    with yard.instance() as instance, stubbed(settings, diary) as world:
        _plant(yard)
        assert SHOP in asked(tick(instance, settings))
        _killed(yard, station="text_vectors", moment="after")
        assert execute(world, _asked_again(instance, settings), instance=instance).success
    assert set(diary.written().values()) == {1}


def test_two_daemons_on_one_queue_lose_nothing(yard: Yard, settings: Settings) -> None:
    keys = {f"{number}.txt" for number in range(40)}
    with yard.instance() as instance:
        threads = [
            threading.Thread(target=_patient_ticks, args=(instance, settings)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        _put(yard, {SHOP: keys})
        for thread in threads:
            thread.join()
        tick(instance, settings)
    assert {event.key for event in yard.inbox.pending(SHOP).events} == keys
    assert yard.on_the_way() == 0


def _patient_ticks(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Tick three times; of two that add one new domain at once Dagster lets one fail."""
    for _ in range(3):
        with suppress(IntegrityError):
            tick(instance, settings)


def _put(yard: Yard, objects: dict[str, set[str]]) -> None:
    for name, keys in objects.items():
        for key in sorted(keys):
            yard.put(f"{name}/{key}", f"words of {key}")


def _plant(yard: Yard) -> None:
    _put(yard, {SHOP: {"stays.txt", "edited.txt", "goes.txt"}})
    _picture(yard, f"{SHOP}/seen.png", "red")


def _change(yard: Yard) -> None:
    """Change something for every station."""
    yard.put(f"{SHOP}/edited.txt", "other words")
    yard.put(f"{SHOP}/added.txt", "further words")
    yard.delete(f"{SHOP}/goes.txt")
    _picture(yard, f"{SHOP}/seen.png", "blue")
    _picture(yard, f"{SHOP}/added.png", "green")
    yard.put(f"{SHOP}/broken.png", "\x89PNG\r\n")


def _picture(yard: Yard, path: str, colour: str) -> None:
    data = io.BytesIO()
    Image.new("RGB", (90, 70), colour).save(data, "PNG")
    yard.s3.put_object(Bucket=yard.here.bucket, Key=f"{PREFIX}/{path}", Body=data.getvalue())


def _ticks(yard: Yard, point: str, count: int) -> int:
    """Make ticks in a process of their own; return how it ended."""
    yard.instance().dispose()
    return _child(yard, crash_tick.__name__, point, str(count))


def _runs(yard: Yard) -> dict[str, int]:
    """Return how many runs there are of each domain; no two of one run key."""
    with yard.instance() as instance:
        runs = instance.get_runs()
    keys = [run.tags["dagster/run_key"] for run in runs]
    assert len(set(keys)) == len(keys)
    return dict(Counter(run.tags[PARTITION_TAG] for run in runs))


def _killed(yard: Yard, *, station: str, moment: str) -> str:
    """Run until the process kills itself; return the id of its run."""
    run_id = str(uuid4())
    code = _child(yard, killed_run.__name__, SHOP, run_id, station, moment)
    assert code == -signal.SIGKILL
    return run_id


def _child(yard: Yard, module: str, *arguments: str) -> int:
    with yard.log.open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=yard.environment(MMRAG_EVENT_INTERVAL_S="1"),
            stdout=log,
            stderr=log,
            timeout=_CHILD_S,
            check=False,
        )
    return done.returncode


def _asked_again(instance: dg.DagsterInstance, settings: Settings) -> dg.RunRequest:
    """Return what the failure sensor asks for when the lost run has rested."""
    sensor = failure_sensor(settings, clock=lambda: time.time() + 90)
    with dg.build_sensor_context(instance) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or ()
    return request
