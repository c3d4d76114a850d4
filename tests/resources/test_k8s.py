"""What pods look like: valid for Kubernetes, and as the settings ask."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import kubernetes.client  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from dagster_k8s.job import (
    DagsterK8sJobConfig,
    UserDefinedDagsterK8sConfig,
    construct_dagster_k8s_job,
)

from deploy.render import VERSIONS
from mmrag_pipeline.resources.k8s import Config, cpu_step, gpu_step, models_without_gpu
from mmrag_pipeline.settings import Settings

_FULL: Mapping[str, Any] = {
    "k8s_gpu_image": "mmrag-pipeline:cuda",
    "k8s_image": "mmrag-pipeline:cpu",
    "k8s_service_account": "mmrag",
    "k8s_secrets": ("qdrant",),
    "k8s_config_maps": ("mmrag",),
    "k8s_state_claim": "state",
    "k8s_weights_claim": "weights",
    "k8s_cpu_selector": {"pool": "cpu"},
    "k8s_gpu_selector": {"gpu": "l4"},
}
Body = dict[str, Any]


def _settings(**more: object) -> Settings:
    return Settings.model_validate({"executor": "kubernetes", "home": Path("/state"), **more})


def rendered(config: Config) -> Body:
    """Return the job that Kubernetes is asked for."""
    own = UserDefinedDagsterK8sConfig.from_dict(config)  # type: ignore[no-untyped-call]
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(job_image="mmrag-pipeline:cpu", dagster_home="/opt/dagster"),
        ["dagster", "api", "execute_step"],
        "dagster-step-vision",
        own,
        component="step_worker",
    )
    body: Body = kubernetes.client.ApiClient().sanitize_for_serialization(job)
    return body


def _pod(config: Config) -> Body:
    pod: Body = rendered(config)["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("step", [gpu_step, cpu_step, models_without_gpu])
def test_every_pod_with_all_that_settings_can_ask_for_is_valid(
    step: Callable[[Settings], Config], version: str
) -> None:
    body = rendered(step(_settings(k8s_spot="gke", **_FULL)))
    kubernetes_validate.validate(body, version, strict=True)
    assert body["spec"]["template"]["spec"]["containers"][0]["image"]


def test_a_field_that_does_not_exist_is_told_apart() -> None:
    body = rendered(gpu_step(_settings()))
    body["spec"]["template"]["spec"]["tolerations"][0]["effekt"] = "NoSchedule"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(body, VERSIONS[0], strict=True)


def test_a_gpu_step_asks_for_a_gpu_on_a_spot_machine_that_may_end() -> None:
    pod = _pod(gpu_step(_settings(k8s_spot="gke", k8s_gpus=2, grace_period_s=25, **_FULL)))
    (container,) = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert container["image"] == "mmrag-pipeline:cuda"
    assert pod["nodeSelector"] == {"cloud.google.com/gke-spot": "true", "gpu": "l4"}
    assert {"nvidia.com/gpu", "cloud.google.com/gke-spot"} == {t["key"] for t in pod["tolerations"]}
    assert pod["terminationGracePeriodSeconds"] == 25
    assert {"name": "MMRAG_MACHINE", "value": "gpu-spot"} in container["env"]


@pytest.mark.parametrize("step", [cpu_step, models_without_gpu])
def test_a_step_without_a_gpu_goes_to_ordinary_nodes(step: Callable[[Settings], Config]) -> None:
    pod = _pod(step(_settings(k8s_spot="gke", **_FULL)))
    (container,) = pod["containers"]
    assert "nvidia.com/gpu" not in container["resources"]["limits"]
    assert pod["nodeSelector"] == {"pool": "cpu"}
    assert "tolerations" not in pod
    assert {"name": "MMRAG_MACHINE", "value": "cpu"} in container["env"]


def test_models_without_a_gpu_get_the_memory_of_those_with_one() -> None:
    settings = _settings(k8s_memory="1Gi", k8s_gpu_memory="14Gi")
    (container,) = _pod(models_without_gpu(settings))["containers"]
    assert container["resources"]["limits"]["memory"] == "14Gi"


@pytest.mark.parametrize("step", [gpu_step, cpu_step, models_without_gpu])
def test_kubernetes_never_replaces_a_pod_and_forgets_no_job_too_soon(
    step: Callable[[Settings], Config],
) -> None:
    spec = rendered(step(_settings()))["spec"]
    assert spec["backoffLimit"] == 0
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["FailJob"]
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["ttlSecondsAfterFinished"] >= 3_600
    assert spec["activeDeadlineSeconds"] == 6 * 3_600


@pytest.mark.parametrize("step", [gpu_step, cpu_step, models_without_gpu])
def test_no_pod_may_become_root(step: Callable[[Settings], Config]) -> None:
    (container,) = _pod(step(_settings()))["containers"]
    sealed = container["securityContext"]
    assert sealed["runAsNonRoot"]
    assert sealed["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not sealed["allowPrivilegeEscalation"]


def test_state_and_weights_lie_on_volumes_where_the_settings_name_them() -> None:
    pod = _pod(gpu_step(_settings(**_FULL)))
    claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"]}
    mounts = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    assert claims == {"weights": "weights", "state": "state"}
    assert mounts == {"weights": "/weights", "state": "/state"}


def test_secrets_are_named_and_never_written_out() -> None:
    (container,) = _pod(cpu_step(_settings(**_FULL)))["containers"]
    assert {"secretRef": {"name": "qdrant"}} in container["envFrom"]
    assert {"configMapRef": {"name": "mmrag"}} in container["envFrom"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("k8s_memory", "4 gigabytes", "no quantity above 0"),
        ("k8s_cpu", "0", "no quantity above 0"),
        ("k8s_state_claim", "../state", "no name of a Kubernetes object"),
        ("k8s_keep_jobs_s", 60, "greater than or equal to 3600"),
        ("k8s_wait_s", 7 * 3_600, "Kubernetes counts the waiting, too"),
        ("step_retries", 0, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused(name: str, value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        _settings(**{name: value})


@pytest.mark.parametrize(
    ("spot", "annotation"),
    [
        ("karpenter", ("karpenter.sh/do-not-disrupt", "true")),
        ("gke", ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")),
        ("eks", ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")),
    ],
)
def test_no_autoscaler_moves_a_step_with_a_gpu(spot: str, annotation: tuple[str, str]) -> None:
    template = rendered(gpu_step(_settings(k8s_spot=spot)))["spec"]["template"]
    assert annotation in template["metadata"]["annotations"].items()


@pytest.mark.parametrize("step", [gpu_step, cpu_step, models_without_gpu])
def test_every_step_finds_the_weights(step: Callable[[Settings], Config]) -> None:
    pod = _pod(step(_settings(k8s_weights_claim="weights")))
    (container,) = pod["containers"]
    assert {"name": "HF_HOME", "value": "/weights"} in container["env"]
    assert {"name": "weights", "mountPath": "/weights"} in container["volumeMounts"]
    assert {"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}} in pod["volumes"]
