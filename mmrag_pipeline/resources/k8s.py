"""What the pods of steps and runs look like in a cluster: made of settings, in one place.

Images, environment and volumes are those of the launcher and the code location; where a step goes
and how it ends stands here only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from mmrag_pipeline.kubernetes_settings import Spot
from mmrag_pipeline.settings import Settings

Config = Mapping[str, object]
WEIGHTS = PurePosixPath("/weights")
"""Where a step finds and keeps downloaded weights: texts are cut by a model's tokenizer, too."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of cluster tells its spot machines apart, and keeps its autoscaler off a step."""

    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Config] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


_NOT_MOVED = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
_GKE = "cloud.google.com/gke-spot"
_KINDS: Mapping[Spot, _Kind] = {
    "none": _Kind(),
    "karpenter": _Kind(
        {"karpenter.sh/capacity-type": "spot"},
        # it would move a step to pack nodes tighter; taken away it is only with the machine
        annotations={"karpenter.sh/do-not-disrupt": "true"},
    ),
    "gke": _Kind(
        {_GKE: "true"},
        ({"key": _GKE, "operator": "Equal", "value": "true", "effect": "NoSchedule"},),
        _NOT_MOVED,
    ),
    "eks": _Kind({"eks.amazonaws.com/capacityType": "SPOT"}, annotations=_NOT_MOVED),
}
_SEALED: Config = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def gpu_step(settings: Settings) -> Config:
    """Return the configuration of a step that needs a GPU."""
    s = settings
    gpus = {s.k8s_gpu_resource: str(s.k8s_gpus)}
    kind, machine = _KINDS[s.k8s_spot], "gpu" if s.k8s_spot == "none" else "gpu-spot"
    taint = {"key": s.k8s_gpu_resource, "operator": "Exists", "effect": "NoSchedule"}
    return _step(
        s,
        container={
            **({"image": s.k8s_gpu_image} if s.k8s_gpu_image else {}),
            "resources": {
                "limits": {**gpus, "memory": s.k8s_gpu_memory},
                "requests": {"cpu": s.k8s_gpu_cpu, "memory": s.k8s_gpu_memory, **gpus},
            },
            "env": _variables(machine),
        },
        pod={
            "nodeSelector": {**kind.labels, **s.k8s_gpu_selector},
            "tolerations": [taint, *kind.taints],
        },
        annotations=kind.annotations,
    )


def cpu_step(settings: Settings) -> Config:
    """Return the configuration of a step that needs no GPU, or has to do without one."""
    s = settings
    return _step(
        s,
        container={
            **({"image": s.k8s_image} if s.k8s_image else {}),
            "resources": {
                "limits": {"memory": s.k8s_memory},
                "requests": {"cpu": s.k8s_cpu, "memory": s.k8s_memory},
            },
            "env": _variables("cpu"),
        },
        pod={"nodeSelector": dict(s.k8s_cpu_selector)},
        annotations={},
    )


def models_without_gpu(settings: Settings) -> Config:
    """Return the configuration of a step that has models, and no GPU for them: as much memory."""
    s = settings
    return cpu_step(s.model_copy(update={"k8s_cpu": s.k8s_gpu_cpu, "k8s_memory": s.k8s_gpu_memory}))


def _step(
    settings: Settings, *, container: Config, pod: Config, annotations: Mapping[str, str]
) -> Config:
    held = [_weights(settings), *([_state(settings)] if settings.k8s_state_claim else [])]
    account = settings.k8s_service_account
    return {
        "container_config": {
            **container,
            **_environment(settings),
            "volumeMounts": [mount for _, mount in held],
            "securityContext": _SEALED,
        },
        "pod_spec_config": {
            **pod,
            **({"serviceAccountName": account} if account else {}),
            "volumes": [volume for volume, _ in held],
            "terminationGracePeriodSeconds": settings.grace_period_s,
        },
        "pod_template_spec_metadata": {"annotations": dict(annotations)},
        "job_spec_config": _job(settings),
    }


def _job(settings: Settings) -> Config:
    """Return how a job ends: its pod is never replaced, Dagster alone decides on another try.

    A second pod of the same job would find its step already failed, and the run would hang.
    """
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return {
        "backoffLimit": 0,
        "podFailurePolicy": {"rules": [{"action": "FailJob", "onPodConditions": disrupted}]},
        "activeDeadlineSeconds": settings.k8s_deadline_s,
        "ttlSecondsAfterFinished": settings.k8s_keep_jobs_s,
    }


def _environment(settings: Settings) -> Config:
    secrets = [{"secretRef": {"name": name}} for name in settings.k8s_secrets]
    maps = [{"configMapRef": {"name": name}} for name in settings.k8s_config_maps]
    return {"envFrom": [*maps, *secrets]} if maps or secrets else {}


def _variables(machine: str) -> list[Config]:
    return [
        {"name": "MMRAG_MACHINE", "value": machine},
        {"name": "HF_HOME", "value": str(WEIGHTS)},
    ]


def _weights(settings: Settings) -> tuple[Config, Config]:
    claim = settings.k8s_weights_claim
    held: Config = (
        {"persistentVolumeClaim": {"claimName": claim}}
        if claim
        else {"emptyDir": {"sizeLimit": settings.k8s_weights_size}}
    )
    return {"name": "weights", **held}, {"name": "weights", "mountPath": str(WEIGHTS)}


def _state(settings: Settings) -> tuple[Config, Config]:
    claim = {"persistentVolumeClaim": {"claimName": settings.k8s_state_claim}}
    mount = {"name": "state", "mountPath": str(settings.home.absolute())}
    return {"name": "state", **claim}, mount
