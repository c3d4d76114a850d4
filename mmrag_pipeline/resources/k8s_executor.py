"""Runs each step of a run in a pod of its own: `dagster-k8s`, and what a wait for a GPU may last.

Dagster waits for a pod that nobody can place for as long as the run lasts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import dagster as dg
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.base import Executor
from dagster._core.executor.init import InitExecutorContext
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    StepDelegatingExecutor,
    StepHandlerContext,
)
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.executor import K8sStepHandler
from dagster_k8s.job import UserDefinedDagsterK8sConfig

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.k8s import Config, cpu_step, gpu_step, models_without_gpu
from mmrag_pipeline.resources.k8s_launcher import ClusterRunLauncher
from mmrag_pipeline.settings import Settings

_OF_CONTAINER = ("env", "env_from", "image_pull_policy", "volume_mounts")
_OF_POD = (
    "image_pull_secrets",
    "priority_class_name",
    "security_context",
    "service_account_name",
    "volumes",
)
"""What a step takes over from its run: what it may see, not where it goes and how it ends."""
_LOOK_S = 20
"""Between two looks at whether a step's pod still lives."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """How a pod that has not started waits."""

    seconds: float
    placed: bool
    """Whether it has a machine, and waits for its image or a volume."""


def context_of_step(run: K8sContainerContext, step: Mapping[str, Any]) -> K8sContainerContext:
    """Return what a step's pod looks like: its own, and what it takes over from its run.

    Dagster would add the run's node selectors to the step's, its limits and its rules of failure.
    """
    of_run = run.run_k8s_config
    inherited = of_run._replace(
        container_config=_kept(of_run.container_config, _OF_CONTAINER),
        pod_spec_config=_kept(of_run.pod_spec_config, _OF_POD),
        job_spec_config={},
    )
    own = UserDefinedDagsterK8sConfig.from_dict(step)  # type: ignore[no-untyped-call]
    return run._replace(run_k8s_config=inherited).merge(K8sContainerContext(run_k8s_config=own))


def _kept(config: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: config[name] for name in names if name in config}


class SpotStepHandler(K8sStepHandler):
    """Gives up a step whose pod nobody could place; its next try may do without a GPU."""

    def __init__(self, settings: Settings, launcher: K8sRunLauncher, *, gpu: Iterable[str]) -> None:
        super().__init__(
            image=None,
            container_context=K8sContainerContext(),
            load_incluster_config=launcher.load_incluster_config,
            kubeconfig_file=launcher.kubeconfig_file,
            enable_owner_references=True,
        )
        self._settings, self._gpu = settings, frozenset(gpu)
        self._waited: set[str] = set()
        """Steps of this run that waited for a GPU in vain."""

    @property
    def name(self) -> str:
        """Return what Dagster calls it in messages."""
        return "SpotStepHandler"

    def _get_container_context(
        self, step_handler_context: StepHandlerContext
    ) -> K8sContainerContext:
        """Return what the step's pod looks like."""
        context = K8sContainerContext.create_for_run(
            step_handler_context.dagster_run,
            cast(K8sRunLauncher, step_handler_context.instance.run_launcher),
            include_run_tags=False,
        )
        key = self._get_step_key(step_handler_context)
        op = step_handler_context.get_step_context(key).step.op_name
        return context_of_step(context, self._looks(key, op))

    def _looks(self, key: str, op: str) -> Config:
        """Return what a step asks for: no GPU when none came and the settings allow it."""
        if op not in self._gpu:
            return cpu_step(self._settings)
        without = key in self._waited and self._settings.k8s_cpu_fallback
        return models_without_gpu(self._settings) if without else gpu_step(self._settings)

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Return whether the step's pod lives, or may still be placed."""
        health = super().check_step_health(step_handler_context)
        if not health.is_healthy:
            return health
        wait = self._wait(step_handler_context)
        if wait is None or wait.seconds < self._settings.k8s_wait_s:
            return health
        if not wait.placed:
            self._waited.add(self._get_step_key(step_handler_context))
        list(self.terminate_step(step_handler_context))
        limit = f"MMRAG_K8S_WAIT_S={self._settings.k8s_wait_s}"
        if wait.placed:
            return CheckStepHealthResult.unhealthy(
                f"its pod has a machine and did not start within {limit} (waited "
                f"{wait.seconds:.0f} s): look at its events for the image, volumes and secrets"
            )
        after = (
            "the next try of a GPU step does without one (MMRAG_K8S_CPU_FALLBACK)"
            if self._settings.k8s_cpu_fallback
            else "the next try waits anew; MMRAG_K8S_CPU_FALLBACK=true lets it run without a GPU"
        )
        return CheckStepHealthResult.unhealthy(
            f"no machine for its pod within {limit} (waited {wait.seconds:.0f} s); {after}"
        )

    def _wait(self, context: StepHandlerContext) -> _Wait | None:
        """Return how the step's pod waits; None when it has started."""
        namespace = self._get_container_context(context).namespace
        name = self._get_k8s_step_job_name(context)
        job = self._api_client.batch_api.read_namespaced_job(name, namespace)
        pods = self._api_client.get_pods_in_job(name, namespace)
        if any(pod.status.phase != "Pending" for pod in pods):
            return None
        since: datetime = job.metadata.creation_timestamp
        placed = any(pod.spec.node_name for pod in pods)
        return _Wait((datetime.now(UTC) - since).total_seconds(), placed)


def k8s_executor(settings: Settings, *, gpu: Iterable[str]) -> dg.ExecutorDefinition:
    """Return the executor of a cluster; `gpu` are the ops that need a GPU."""

    @dg.executor(name="kubernetes", requirements=multiple_process_executor_requirements())
    def kubernetes(context: InitExecutorContext) -> Executor:
        launcher = context.instance.run_launcher
        if not isinstance(launcher, ClusterRunLauncher):
            raise SettingsError(
                "MMRAG_EXECUTOR=kubernetes needs the run launcher ClusterRunLauncher; the instance "
                f"of this run has {type(launcher).__name__}: see docs/kubernetes.md"
            )
        return StepDelegatingExecutor(
            SpotStepHandler(settings, launcher, gpu=gpu),
            retries=RetryMode.ENABLED,
            should_verify_step=True,
            check_step_health_interval_seconds=min(_LOOK_S, settings.k8s_wait_s),
        )

    return kubernetes
