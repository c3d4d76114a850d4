"""The job that brings a partition up to date."""

import dagster as dg

INDEX = dg.define_asset_job(
    "index",
    selection=dg.AssetSelection.all(),
    description="Bring the index of a domain up to date with its files.",
    tags={"job": "index"},
)
