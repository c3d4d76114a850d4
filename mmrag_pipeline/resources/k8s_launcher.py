"""The run launcher of a cluster: dagster-k8s', and what it knows of runs that have no pod."""

import time

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_k8s import K8sRunLauncher

from mmrag_pipeline.resources.heartbeat import SILENCE_S, last_beat_s


class ClusterRunLauncher(K8sRunLauncher):
    """Takes no run for lost that beats: the job `backfill` and commands run others within theirs.

    Such a run has no Kubernetes job of its own, and Dagster's monitoring would fail it.
    """

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return whether what executes a run lives, by its beats where it has any."""
        beat_s = last_beat_s(run)
        if beat_s is None:
            return super().check_run_worker_health(run)  # type: ignore[no-any-return]  # untyped
        silent_s = time.time() - beat_s
        if silent_s < SILENCE_S:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"nothing was heard of what executes it for {silent_s:.0f} s"
        )
