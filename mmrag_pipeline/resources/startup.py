"""What a pod pays before its first step: a process that starts, imports and opens the world."""

import os
import time

from mmrag_pipeline.cost_records import STARTUP
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.resources.run_processes import stat_of

_BILLED: set[int] = set()
"""Ids of processes that were billed: this one's, or that of the one it was forked from."""


def bill_startup(world: World, partition: str, run_id: str) -> None:
    """Write down once how long this process took until its first step, if it is a pod's."""
    pid = os.getpid()
    if world.settings.executor != "kubernetes" or pid in _BILLED:
        return
    _BILLED.add(pid)
    seconds = uptime_s()
    if seconds is not None:
        meter = world.meter.starts([STARTUP], partition, run_id=run_id, at=world.clock())
        meter.bill_whole(STARTUP, seconds)


def uptime_s() -> float | None:
    """Return how long this process has lived; None where the system does not say."""
    try:
        started_s = stat_of(os.getpid())[1] / os.sysconf("SC_CLK_TCK")
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - started_s, 0.0)
    except (OSError, ValueError, IndexError, AttributeError):
        return None
