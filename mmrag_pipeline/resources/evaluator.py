"""The evaluator of a run as a Dagster resource, made of settings."""

from collections.abc import Generator

import dagster as dg

from mmrag_pipeline.evaluation.evaluator import Evaluator
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.run_processes import note_process


@dg.resource(description="What asks labelled queries of the index of the settings.")
def evaluator(context: dg.InitResourceContext) -> Generator[Evaluator, None, None]:
    """Open the evaluator for a run, close it afterwards."""
    from mmrag_pipeline.evaluation_world import open_evaluator

    note_process(context)
    with open_evaluator(read_settings()) as opened:
        yield opened
