"""The Dagster instance of this machine: made when missing, opened from any process."""

from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

_CONFIG = "dagster.yaml"
_SHIPPED = Path(__file__).parent / _CONFIG


def open_instance(folder: Path) -> dg.DagsterInstance:
    """Return the instance in a folder, with the shipped configuration when it has none.

    The event log lies in the folder too, whether DAGSTER_HOME names it or not.
    """
    root = folder.absolute()
    root.mkdir(parents=True, exist_ok=True)
    if not (root / _CONFIG).exists():
        (root / _CONFIG).write_text(_SHIPPED.read_text())
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(root), overrides=_log_in(root)))


def _log_in(root: Path) -> dict[str, object]:
    return {
        "event_log_storage": {
            "module": "mmrag_pipeline.resources.event_log",
            "class": "QuickEventLog",
            "config": {"base_dir": str(root)},
        }
    }
