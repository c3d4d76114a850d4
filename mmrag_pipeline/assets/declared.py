"""How an asset is declared: everything that all stations have in common."""

import warnings
from collections.abc import Set as AbstractSet

import dagster as dg

from mmrag_pipeline.assets.partitions import domains
from mmrag_pipeline.indexing.stations import STATIONS

OWNERS = ("team:data",)
RETRIES = 2
"""How often a step is tried again within its run, where the settings do not say."""
GPU = "gpu"
"""Pool of the steps that hold a model in device memory."""


def retry_policy(retries: int) -> dg.RetryPolicy:
    """Return how a step that failed is tried again."""
    return dg.RetryPolicy(
        max_retries=retries, delay=2.0, backoff=dg.Backoff.LINEAR, jitter=dg.Jitter.PLUS_MINUS
    )


RETRY = retry_policy(RETRIES)


class RunMode(dg.Config):
    """How a station is run; the defaults do only what is stale."""

    force: bool = False
    """Make the table again although nothing it depends on changed; remembered calls serve."""
    replay: bool = False
    """Try files again that failed for good."""
    events: bool = False
    """Look only at the files that events named (raw_files)."""


def spec(name: str, *, group: str, kinds: AbstractSet[str], description: str) -> dg.AssetSpec:
    """Return the declaration of a station's asset; dependencies are the station's own."""
    upstream = [name for name in STATIONS[name].upstream if not name.startswith("failures.")]
    return dg.AssetSpec(
        name,
        deps=upstream,
        description=description,
        group_name=group,
        kinds=set(kinds),
        owners=list(OWNERS),
        tags={"layer": group},
        partitions_def=domains,
    )


def check(name: str, asset: str, *, blocking: bool, description: str) -> dg.AssetCheckSpec:
    """Return the declaration of a check by partition.

    Partitions of checks are a preview feature of Dagster, and it says so at each use.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name,
            asset=asset,
            blocking=blocking,
            description=description,
            partitions_def=domains,
        )


def schema_check(asset: str) -> dg.AssetCheckSpec:
    """Return the check that a station's own step makes of its table."""
    return check(
        "schema", asset, blocking=True, description="The stored table has its declared columns."
    )
