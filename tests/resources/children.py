"""Child processes: one runs a job and waits in it to be killed, one starts another as runs do."""

import multiprocessing
import sys
import time
from multiprocessing.connection import Connection

import dagster as dg

from mmrag_pipeline.resources.run_processes import is_of_a_step, note_process, process_tags

SPAWN = multiprocessing.get_context("spawn")


@dg.resource
def noting(context: dg.InitResourceContext) -> None:
    """Note the process of a run."""
    note_process(context)


@dg.op(required_resource_keys={"noting"})
def wait_to_be_killed(_context: dg.OpExecutionContext) -> None:
    """Say that the run is under way, then do nothing."""
    print("waiting", flush=True)
    time.sleep(60)


@dg.job(resource_defs={"noting": noting}, executor_def=dg.in_process_executor)
def waiting() -> None:
    """Wait."""
    wait_to_be_killed()


@dg.op(required_resource_keys={"pipeline"})
def look_on(_context: dg.OpExecutionContext) -> None:
    """Do nothing with the pipeline."""


@dg.job(executor_def=dg.in_process_executor)
def opening() -> None:
    """Open the pipeline."""
    look_on()


def main(folder: str, run_id: str, tagged: str) -> None:
    """Run the job in the instance of a folder, its process told at creation or by the run."""
    tags = process_tags(run_id) if tagged == "tagged" else {}
    with dg.DagsterInstance.local_temp(folder) as instance:
        waiting.execute_in_process(instance=instance, run_id=run_id, tags=tags)


def tell(answers: Connection, further: int) -> None:
    """Send whether this process is of a step, and let as many further generations do so."""
    answers.send(is_of_a_step())
    if further:
        child = SPAWN.Process(target=tell, args=(answers, further - 1))
        child.start()
        child.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
