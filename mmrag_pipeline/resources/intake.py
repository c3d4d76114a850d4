"""The way from the queue into the inbox, as the event sensor gets it."""

import dagster as dg

from mmrag_pipeline.assembly import Intake, open_intake
from mmrag_pipeline.resources.environment import read_settings


@dg.resource(description="The queue of notifications and the inbox of the settings.")
def intake(_context: dg.InitResourceContext) -> Intake:
    """Open the way for one tick."""
    return open_intake(read_settings())
