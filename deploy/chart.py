"""What we expect Dagster's official chart to make of deploy/helm/values.yaml.

Of its objects only those that decide how runs and steps look: the instance's dagster.yaml, and what
a code location hands on to the pods of its runs.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types

Values = Mapping[str, Any]
VALUES = Path(__file__).parent / "helm" / "values.yaml"
RELEASE = "mmrag"
NAME = f"{RELEASE}-dagster"
"""The chart's `fullname` of a release whose name is not that of the chart."""


def values(path: Path = VALUES) -> Values:
    """Return our values."""
    read: Values = yaml.safe_load(path.read_text())
    return read


def merged(defaults: object, ours: object) -> object:
    """Return values over those of the chart as Helm does: key by key, lists as a whole."""
    if not isinstance(defaults, Mapping) or not isinstance(ours, Mapping):
        return ours
    both = {key: merged(defaults.get(key), value) for key, value in ours.items()}
    return {k: v for k, v in {**defaults, **both}.items() if v is not None or k not in ours}


def instance(values: Values) -> dict[str, Any]:
    """Return the instance's dagster.yaml."""
    daemon = values["dagsterDaemon"]
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    return {
        **_storages(values["postgresql"]),
        "run_launcher": values["runLauncher"]["config"]["customRunLauncher"],
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": _snake({key: value for key, value in queue.items() if value}),
        },
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
        "python_logs": _snake(values["pythonLogs"]),
        "run_monitoring": _snake(daemon["runMonitoring"]),
        **({"run_retries": {"enabled": True}} if daemon["runRetries"]["enabled"] else {}),
        "sensors": _snake(daemon["sensors"]),
        "telemetry": values["telemetry"],
        "retention": {
            name: {"purge_after_days": values["retention"][name]["purgeAfterDays"]}
            for name in ("schedule", "sensor")
        },
        "concurrency": {
            "pools": _snake(values["concurrency"]["pools"]),
            "runs": _snake(values["concurrency"]["runs"]),
        },
        **values["additionalInstanceConfig"],
    }


def handed_on(deployment: Values, values: Values) -> dict[str, Any]:
    """Return what a code location hands on to its runs (`includeConfigInLaunchedRuns`)."""
    return {
        "image_pull_policy": deployment["image"]["pullPolicy"],
        "env_config_maps": [
            f"{RELEASE}-dagster-user-deployments-{deployment['name']}-user-env",
            *_names(deployment["envConfigMaps"]),
        ],
        "env_secrets": _names(deployment["envSecrets"]),
        "resources": deployment["resources"],
        "namespace": namespace(values),
        "service_account_name": values["global"]["serviceAccountName"],
    }


def namespace(values: Values) -> str:
    """Return the namespace in which runs and steps have their jobs."""
    return str(values["runLauncher"]["config"]["customRunLauncher"]["config"]["job_namespace"])


def image(of: Values) -> str:
    """Return an image's name."""
    return f"{of['repository']}:{of['tag']}"


def _storages(postgres: Values) -> dict[str, Any]:
    config = {
        "postgres_db": {
            "username": postgres["postgresqlUsername"],
            "password": {"env": "DAGSTER_PG_PASSWORD"},
            "hostname": postgres["postgresqlHost"],
            "db_name": postgres["postgresqlDatabase"],
            "port": 5432,
            "params": postgres["postgresqlParams"],
        }
    }
    kinds = {
        "schedule_storage": ("schedule_storage", "PostgresScheduleStorage"),
        "run_storage": ("run_storage", "PostgresRunStorage"),
        "event_log_storage": ("event_log", "PostgresEventLogStorage"),
    }
    return {
        name: {"module": f"dagster_postgres.{module}", "class": kind, "config": config}
        for name, (module, kind) in kinds.items()
    }


def _snake(values: Values) -> dict[str, Any]:
    """Return values under Dagster's names of their keys; what they hold stays as it is."""
    return {_snake_case(key): value for key, value in values.items()}


def _snake_case(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _names(sources: Iterable[Values]) -> list[str]:
    return [source["name"] for source in sources]
