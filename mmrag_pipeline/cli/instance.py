"""The Dagster instance whose runs the UI shows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mmrag_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

_SHIPPED = Path(__file__).parents[2] / "dagster.yaml"
_MINIMAL = "telemetry:\n  enabled: false\n"


@contextmanager
def dagster_instance(settings: Settings) -> "Iterator[DagsterInstance]":
    """Open the instance of DAGSTER_HOME, else the one under `home`, made when missing."""
    from dagster import DagsterInstance

    folder = (settings.dagster_home or settings.home / "dagster").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        config.write_text(_SHIPPED.read_text() if _SHIPPED.is_file() else _MINIMAL)
    os.environ.setdefault("DAGSTER_HOME", str(folder))  # dagster.yaml refers to it
    with DagsterInstance.from_config(str(folder)) as instance:
        yield instance
