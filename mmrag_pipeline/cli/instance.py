"""The Dagster instance whose runs the UI shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmrag_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance


@contextmanager
def dagster_instance(settings: Settings) -> "Iterator[DagsterInstance]":
    """Open the instance of DAGSTER_HOME, else the one under `home`, made when missing."""
    from mmrag_pipeline.resources.instance import open_instance

    with open_instance(settings.dagster_home or settings.home / "dagster") as instance:
        yield instance
