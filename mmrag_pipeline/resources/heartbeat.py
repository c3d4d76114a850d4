"""Runs say twice a minute that they live: of another host's process nobody here can know more.

Those beat that our own launcher or a command executes. A run without a beat is another
launcher's, which looks after its runs itself.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import dagster as dg

ALIVE_TAG = ".dagster/mmrag_alive"
"""`RUN_ID@UNIX_SECONDS`: Dagster copies a run's tags to its re-executions, which are others."""
BEAT_S = 30.0
SILENCE_S = 300.0
"""Of a run that is lost: 10 beats, so that a slow database or clocks that differ end none."""
_LAST_BEAT_S = 10.0
"""How long a beat under way may keep the end of a run waiting."""
_ALIVE = re.compile(r"([^@]+)@([0-9]{1,12})")


def alive_tags(run_id: str) -> Mapping[str, str]:
    """Return the tags of a run that lives now."""
    return {ALIVE_TAG: f"{run_id}@{time.time():.0f}"}


def last_beat_s(run: dg.DagsterRun) -> float | None:
    """Return when a run was last heard of, in Unix seconds; None for one that does not beat."""
    told = _ALIVE.fullmatch(run.tags.get(ALIVE_TAG, ""))
    return float(told[2]) if told and told[1] == run.run_id else None


def thread_name(run_id: str) -> str:
    """Return the name of the thread that beats for a run."""
    return f"heartbeat of {run_id}"


@contextmanager
def beating(
    instance: dg.DagsterInstance, run_id: str, *, every_s: float = BEAT_S
) -> Iterator[None]:
    """Note on a run that it lives, again and again while the block lasts.

    It was noted when the run was made or launched. One tag of one row changes: no event is
    written. A beat that fails is one that is missed.
    """
    over = threading.Event()

    def beat() -> None:
        while not over.wait(every_s):
            with suppress(Exception):  # each of Dagster's storages has errors of its own
                instance.add_run_tags(run_id, alive_tags(run_id))

    thread = threading.Thread(target=beat, name=thread_name(run_id), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_LAST_BEAT_S)
