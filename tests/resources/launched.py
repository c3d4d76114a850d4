"""Jobs that a launcher's worker process executes."""

import threading
import time

import dagster as dg
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from mmrag_pipeline.resources.heartbeat import thread_name
from tests.resources.children import noting

RETRY = dg.RetryPolicy(max_retries=3)


@dg.op(required_resource_keys={"noting"})
def do_nothing(_context: dg.OpExecutionContext) -> None:
    """Be done."""


@dg.op(required_resource_keys={"noting"})
def take_a_moment(_context: dg.OpExecutionContext) -> None:
    """Be done in a second."""
    time.sleep(1)


@dg.op(required_resource_keys={"noting"}, retry_policy=RETRY)
def wait_long(_context: dg.OpExecutionContext) -> None:
    """Wait to be ended; a failure would be tried again."""
    time.sleep(60)


@dg.job(resource_defs={"noting": noting}, executor_def=dg.in_process_executor)
def brief() -> None:
    """Do nothing."""
    do_nothing()


@dg.job(resource_defs={"noting": noting}, executor_def=dg.in_process_executor)
def short() -> None:
    """Take a second."""
    take_a_moment()


@dg.job(resource_defs={"noting": noting}, executor_def=dg.in_process_executor)
def waiting() -> None:
    """Wait."""
    wait_long()


@dg.op(required_resource_keys={"noting"})
def break_down(_context: dg.OpExecutionContext) -> None:
    """Fail."""
    raise MemoryError("the device is out of memory")


@dg.job(resource_defs={"noting": noting}, executor_def=dg.in_process_executor)
def failing() -> None:
    """Fail."""
    break_down()


@dg.op(required_resource_keys={"noting"})
def listen(context: dg.OpExecutionContext) -> None:
    """Fail in a run that does not beat."""
    if thread_name(context.run_id) not in {thread.name for thread in threading.enumerate()}:
        raise AssertionError


@dg.job(resource_defs={"noting": noting}, executor_def=dg.in_process_executor)
def heard() -> None:
    """Listen."""
    listen()


class SlowToClose(NoOpComputeLogManager):
    """Lets a worker take a moment longer after its run was reported to be over."""

    def dispose(self) -> None:
        """Take a moment."""
        time.sleep(1)
