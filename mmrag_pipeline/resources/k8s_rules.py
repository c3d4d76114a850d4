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

_LAUNCHER = "K8sRunLauncher"


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
        wrong += _of_instance(_read(instance_config))
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


def _of_instance(config: Mapping[str, Any]) -> Iterator[str]:
    launcher = _part(config, "run_launcher")
    if launcher.get("class") != _LAUNCHER:
        yield f"the instance's run_launcher is {launcher.get('class')!r}: it has to be {_LAUNCHER}"
    yield from _of_monitoring(_part(config, "run_monitoring"))
    retries = _part(config, "run_retries")
    if retries.get("enabled") and retries.get("retry_on_asset_or_op_failure", True) is not False:
        yield (
            "run_retries repeat what the steps' own retries gave up: set "
            "retry_on_asset_or_op_failure: false, or enabled: false (the sensor failed_domains "
            "asks again)"
        )


def _of_monitoring(monitoring: Mapping[str, Any]) -> Iterator[str]:
    if monitoring.get("enabled") is not True:
        yield "a run whose pod died would stay started for ever: set run_monitoring.enabled: true"
    if monitoring.get("max_resume_run_attempts") != 0:
        yield (
            "a resumed run hangs when its step is gone as well, and cancelling it leaves the GPU "
            "step running: set run_monitoring.max_resume_run_attempts: 0"
        )
    if not monitoring.get("free_slots_after_run_end_seconds"):
        yield (
            "a cancelled run would keep its slot of the pool `gpu` for ever: set "
            "run_monitoring.free_slots_after_run_end_seconds: 60"
        )


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, Mapping) else {}
