"""The Dagster instance of a command: made when missing, opened from any process.

It differs from the instance as the UI sees it in two ways. What a command prints stays on its
own streams: Dagster would take them away while a run lasts, and with them the progress bars.
And a command takes no slot of a pool: one killed while it holds a slot never gives it back,
and all runs after it would wait for ever, deaf to signals.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from mmrag_pipeline.stores.files import exclusive, replace_file

_CONFIG = "dagster.yaml"
_SHIPPED = Path(__file__).parent / _CONFIG
_OPENING_S = 60.0
_NO_CAPTURE = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}


def open_instance(folder: Path) -> dg.DagsterInstance:
    """Return the instance in a folder, with the shipped configuration when it has none.

    The event log lies in the folder too, whether DAGSTER_HOME names it or not.
    """
    root = folder.absolute()
    # Dagster makes its tables unguarded: of two first runs at once, one would end on an error
    with exclusive(root / ".opening", f"the Dagster instance in {str(root)!r}", _OPENING_S):
        if not (root / _CONFIG).exists():
            replace_file(root / _CONFIG, _copy_shipped)
        return _opened(root, _event_log(root))


def open_configured(folder: Path) -> dg.DagsterInstance:
    """Return the instance that the configuration in a folder describes."""
    return _opened(folder.absolute(), {})


def _copy_shipped(path: Path) -> None:
    shutil.copyfile(_SHIPPED, path)


def _opened(root: Path, overrides: Mapping[str, object]) -> dg.DagsterInstance:
    of_command = {**overrides, "compute_logs": _NO_CAPTURE, **_without_slots(root)}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(root), overrides=of_command))


def _without_slots(root: Path) -> dict[str, object]:
    """Return the `concurrency` of a configuration with pools that count runs, not steps.

    Only runs that the UI or a sensor launches are counted; a command's run is none of them.
    """
    concurrency = dg.config_from_files([str(root / _CONFIG)]).get("concurrency") or {}
    if "pools" not in concurrency:
        return {}
    pools = {**(concurrency["pools"] or {}), "granularity": "run"}
    return {"concurrency": {**concurrency, "pools": pools}}


def _event_log(root: Path) -> dict[str, object]:
    return {
        "event_log_storage": {
            "module": "mmrag_pipeline.resources.event_log",
            "class": "QuickEventLog",
            "config": {"base_dir": str(root)},
        }
    }
