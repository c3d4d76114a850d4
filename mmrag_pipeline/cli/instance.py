"""The Dagster instance whose runs the UI shows."""

from typing import TYPE_CHECKING

from mmrag_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance


def dagster_instance(settings: Settings) -> "DagsterInstance":
    """Open the instance of DAGSTER_HOME as it is configured, else the one under `home`.

    An instance that has no configuration yet gets the shipped one.
    """
    from mmrag_pipeline.resources.instance import open_configured, open_instance

    theirs = settings.dagster_home
    if theirs is None or not (theirs / "dagster.yaml").exists():
        return open_instance(theirs or settings.home / "dagster")
    return open_configured(theirs)
