"""Dagster assets: read, step, write, metadata; the work itself is in indexing."""
