"""The books of the settings as a Dagster resource."""

import dagster as dg

from mmrag_pipeline.cost_report import Books, open_books
from mmrag_pipeline.resources.environment import read_settings


@dg.resource(description="What was written down of costs, by the settings.")
def books(_context: dg.InitResourceContext) -> Books:
    """Open the books."""
    return open_books(read_settings())
