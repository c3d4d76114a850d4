"""What must not come together in a cluster: refused when the definitions load, with the reason.

Each rule stands for something that was seen to hang, to leak, or to lose work in Dagster 1.13
(docs/kubernetes.md).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings

_LAUNCHER = ("mmrag_pipeline.resources.k8s_launcher", "ClusterRunLauncher")
_DATABASES = ("storage", "run_storage")


def instance_config(settings: Settings) -> Path | None:
    """Return where the instance's configuration lies, if this process has an instance."""
    return settings.dagster_home / "dagster.yaml" if settings.dagster_home else None


def check_cluster(settings: Settings, instance_config: Path | None = None) -> None:
    """Raise SettingsError for settings, or an instance, that a cluster would break on.

    `instance_config` is the instance's dagster.yaml, where one is at hand; what it takes from the
    environment is not looked at.
    """
    if settings.executor != "kubernetes":
        return
    wrong = [*_of_settings(settings)]
    if instance_config is not None and instance_config.is_file():
        wrong += _of_instance(_read(instance_config), shared=settings.k8s_state_claim is not None)
    if wrong:
        raise SettingsError(f"MMRAG_EXECUTOR=kubernetes: {'; '.join(wrong)}")


def _of_settings(s: Settings) -> Iterator[str]:
    if s.k8s_state_claim is None:
        if not (s.state_root or "").startswith("s3://"):
            yield (
                "tables and memo would be lost with each pod: set MMRAG_STATE_ROOT to a place in "
                "S3, or MMRAG_K8S_STATE_CLAIM to a volume that all pods mount"
            )
        if s.qdrant_url is None:
            yield (
                "an embedded index would be lost with each pod: set MMRAG_QDRANT_URL, or "
                "MMRAG_K8S_STATE_CLAIM to a volume that all pods mount"
            )
    if s.k8s_cpu_fallback and s.precision == "auto":
        yield (
            "MMRAG_K8S_CPU_FALLBACK with MMRAG_PRECISION=auto could give a partition vectors of "
            "two precisions, which are two models: set MMRAG_PRECISION to float32 or bfloat16"
        )
    if s.k8s_cpu_fallback and s.device == "cuda":
        yield "MMRAG_K8S_CPU_FALLBACK cannot run with MMRAG_DEVICE=cuda: set MMRAG_DEVICE=auto"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return dg.config_from_files([str(path)])
    except Exception as error:  # of Dagster, its YAML reader and the file system
        raise SettingsError(f"{str(path)!r} cannot be read: {error}") from error


def _of_instance(config: Mapping[str, Any], *, shared: bool) -> Iterator[str]:
    launcher = _part(config, "run_launcher")
    if (launcher.get("module"), launcher.get("class")) != _LAUNCHER:
        yield (
            f"the instance's run_launcher is {launcher.get('class')!r}: it has to be "
            f"{'.'.join(_LAUNCHER)}, which is dagster-k8s' own and heeds runs within runs"
        )
    yield from _of_jobs(_part(_part(launcher, "config"), "run_k8s_config"))
    yield from _of_monitoring(_part(config, "run_monitoring"))
    yield from _of_pools(_part(_part(config, "concurrency"), "pools"))
    if not shared and not any(name in config for name in _DATABASES):
        yield (
            "the instance has no database (storage), so each pod would have runs of its own: name "
            "one, such as Postgres"
        )
    retries = _part(config, "run_retries")
    if retries.get("enabled") and retries.get("retry_on_asset_or_op_failure", True) is not False:
        yield (
            "run_retries repeat what the steps' own retries gave up: set "
            "retry_on_asset_or_op_failure: false, or enabled: false (the sensor failed_domains "
            "asks again)"
        )


def _of_jobs(config: Mapping[str, Any]) -> Iterator[str]:
    spec = _part(config, "job_spec_config")
    policies = [spec.get(name) for name in ("podFailurePolicy", "pod_failure_policy")]
    if any(spec.get(name) for name in ("backoffLimit", "backoff_limit")) or any(policies):
        yield (
            "a pod that Kubernetes puts in the place of a run's finds the run started, and hangs: "
            "set job_spec_config.backoff_limit of the launcher to 0, without a pod failure policy"
        )


def _of_pools(pools: Mapping[str, Any]) -> Iterator[str]:
    if pools.get("granularity", "op") != "op":
        yield (
            "concurrency.pools.granularity: run would let a run hold a GPU's place in all its "
            "steps: set it to op"
        )
    if pools.get("default_limit") == 0:
        yield "concurrency.pools.default_limit: 0 lets no GPU step begin: set it to 1 at least"


def _of_monitoring(monitoring: Mapping[str, Any]) -> Iterator[str]:
    if monitoring.get("enabled") is not True:
        yield "a run whose pod died would stay started for ever: set run_monitoring.enabled: true"
    if monitoring.get("max_resume_run_attempts") != 0:
        yield (
            "a resumed run hangs when its step is gone as well, and cancelling it leaves the GPU "
            "step running: set run_monitoring.max_resume_run_attempts: 0"
        )
    for name in ("start_timeout_seconds", "cancel_timeout_seconds"):
        if monitoring.get(name) == 0:
            yield (
                f"with run_monitoring.{name}: 0 a run whose pod is never placed, or never ends, "
                "waits for ever: leave it out or set 600"
            )
    if not monitoring.get("free_slots_after_run_end_seconds"):
        yield (
            "a cancelled run would keep its slot of the pool `gpu` for ever: set "
            "run_monitoring.free_slots_after_run_end_seconds: 60"
        )


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, Mapping) else {}
