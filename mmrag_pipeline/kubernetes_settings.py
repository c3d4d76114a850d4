"""Settings of a cluster: where steps run, on which machines, and when they are given up."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Spot = Literal["none", "karpenter", "gke", "eks"]
"""Whose labels and taints tell spot machines from others; `none` asks for no kind."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|[kMGTP]|[KMGTP]i)?")
_LEAST_KEPT_S = 3_600


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r:.80} is no name of a Kubernetes object")
    return name


def _measured(text: str) -> str:
    if not _QUANTITY.fullmatch(text) or not text.strip("0.mkKMGTPi"):
        raise ValueError(f"{text!r:.40} is no quantity above 0: write 2, 500m or 16Gi")
    return text


ObjectName = Annotated[str, AfterValidator(_named)]
Quantity = Annotated[str, AfterValidator(_measured)]


class KubernetesSettings(BaseSettings):
    """Where steps run; `Settings` has all of it."""

    model_config = SettingsConfigDict(env_prefix="MMRAG_", frozen=True, extra="forbid")

    executor: Literal["in_process", "kubernetes"] = "in_process"
    """`kubernetes` gives each step of a run a pod of its own; `in_process` needs one machine."""
    grace_period_s: int = Field(default=100, ge=10, le=3_600)
    """What a step may take to end when its machine is taken away; a batch may take a quarter."""
    step_retries: int = Field(default=2, ge=1, le=100)
    """How often a run tries a step again that failed, its machine taken away included."""

    k8s_image: str | None = None
    """Of steps that need no GPU; None takes that of the code location."""
    k8s_gpu_image: str | None = None
    """Of steps that need a GPU; None takes the same."""
    k8s_service_account: ObjectName | None = None
    """Of the steps' pods; None takes the launcher's."""
    k8s_secrets: tuple[ObjectName, ...] = ()
    """Secrets whose entries are environment variables of every step."""
    k8s_config_maps: tuple[ObjectName, ...] = ()
    """Config maps whose entries are environment variables of every step."""
    k8s_state_claim: ObjectName | None = None
    """A volume that every pod mounts at MMRAG_HOME, for state that lies neither in S3 nor in a
    Qdrant server."""
    k8s_weights_claim: ObjectName | None = None
    """A volume with downloaded weights that all steps share; None gives each pod a folder of its
    own."""
    k8s_weights_size: Quantity = "20Gi"
    """Of that folder."""

    k8s_cpu: Quantity = "1"
    """Processors that a step without a GPU asks for."""
    k8s_memory: Quantity = "4Gi"
    """Two parsers with the largest pictures took 1.5 GiB; tables of large domains need more."""
    k8s_cpu_selector: dict[str, str] = {}
    """Labels of the nodes for runs and steps without a GPU, such as those on demand."""

    k8s_gpus: int = Field(default=1, ge=1, le=16)
    """Per step that needs one."""
    k8s_gpu_resource: str = Field(
        default="nvidia.com/gpu", pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$"
    )
    """What the device plugin calls a GPU."""
    k8s_gpu_cpu: Quantity = "3"
    """Processors that decode for a GPU."""
    k8s_gpu_memory: Quantity = "12Gi"
    """The shipped models took 2.5 GiB; larger ones and CUDA need more."""
    k8s_gpu_selector: dict[str, str] = {}
    """Labels of the nodes that have the GPUs, beside those of `k8s_spot`."""
    k8s_spot: Spot = "none"
    """GPU steps run on spot machines of this kind."""
    k8s_wait_s: int = Field(default=1_800, ge=30)
    """How long a step may wait for a GPU; then it has failed, and a retry waits anew."""
    k8s_cpu_fallback: bool = False
    """Whether that retry runs without a GPU instead: the same models, in the same precision."""
    k8s_gpu_pods: int = Field(default=4, ge=1, le=1_000)
    """Pods among which the job `backfill` spreads its partitions."""

    k8s_deadline_s: int = Field(default=6 * 3_600, ge=60)
    """A step that takes longer is ended."""
    k8s_keep_jobs_s: int = Field(default=24 * 3_600, ge=_LEAST_KEPT_S)
    """How long finished jobs stay to be looked at; Dagster asks for them for up to an hour."""

    @model_validator(mode="after")
    def _wait_within_the_deadline(self) -> "KubernetesSettings":
        if self.executor == "kubernetes" and self.k8s_wait_s >= self.k8s_deadline_s:
            raise ValueError(
                f"MMRAG_K8S_WAIT_S={self.k8s_wait_s} is not less than "
                f"MMRAG_K8S_DEADLINE_S={self.k8s_deadline_s}: Kubernetes counts the waiting, too"
            )
        return self
