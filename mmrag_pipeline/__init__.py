"""A Dagster pipeline that keeps a searchable multimodal index equal to its raw files."""

__version__ = "0.1.0"
