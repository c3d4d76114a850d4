"""What Dagster loads: assets, checks, the job, the sensor and their resource."""

import dagster as dg

from mmrag_pipeline.assets.checks import CHECKS
from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.resources.pipeline import PipelineResource
from mmrag_pipeline.sensors.listing import changed_files

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=[INDEX],
    sensors=[changed_files],
    resources={"pipeline": PipelineResource()},
    executor=dg.in_process_executor,
)
