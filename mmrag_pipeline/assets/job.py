"""The jobs on a partition: one brings it up to date, one looks whether it is what it should be."""

import dagster as dg

from mmrag_pipeline.assets.partitions import domains

_DRIFT = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("collection"), "drift"))

INDEX = dg.define_asset_job(
    "index",
    # the check reads the whole collection, whatever little a run changed
    selection=dg.AssetSelection.all() - _DRIFT - dg.AssetSelection.groups("evaluation", "upkeep"),
    description="Bring the index of a domain up to date with its files.",
    tags={"job": "index"},
)
DRIFT_CHECK = dg.define_asset_job(
    "drift_check",
    selection=_DRIFT,
    # Dagster looks for partitions at assets only, not at checks
    config=dg.PartitionedConfig(domains, run_config_for_partition_key_fn=lambda _: {}),
    description="Compare all that the index of a domain holds with what it should hold.",
    tags={"job": "drift_check"},
)
