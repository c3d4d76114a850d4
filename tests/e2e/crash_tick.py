"""One process of sensor ticks as Dagster's daemon makes them; it may die at a debug point.

Arguments: the debug point of `s3_events` to die at (`-` for none), and the number of ticks.
"""

import logging
import signal
import sys
import time

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration

SENSOR = "s3_events"
PAUSE_S = 1.1
"""More than the sensor's interval of one second."""


def main(point: str, ticks: int) -> None:
    """Make ticks of all sensors that are on, in the instance of DAGSTER_HOME."""
    flags = {} if point == "-" else {SENSOR: {point: signal.SIGKILL}}
    target = InProcessWorkspaceLoadTarget(_origin())
    log = logging.getLogger("ticks")
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, target) as workspace,
    ):
        for _ in range(ticks):
            list(execute_sensor_iteration(workspace, log, None, None, debug_crash_flags=flags))
            time.sleep(PAUSE_S)


def _origin() -> InProcessCodeLocationOrigin:
    """Return the definitions, loaded in this process: the death is theirs as well."""
    module = LoadableTargetOrigin(
        executable_path=sys.executable, module_name="mmrag_pipeline.definitions"
    )
    return InProcessCodeLocationOrigin(module, location_name="mmrag_pipeline")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
