"""A stand-in for a Kubernetes cluster: jobs become processes of this machine.

It does what the launcher and the executor of dagster-k8s need: jobs with one pod each that is
never replaced, deletion with a grace period, owner references, machines that vanish, and pods that
nobody places.
"""

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Body = dict[str, Any]
_POLL_S = 0.05


@dataclass(slots=True)
class Pod:
    """A pod and its process; one that is pending has none."""

    name: str
    job: str
    labels: Mapping[str, str]
    spec: Body
    owners: list[Body]
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    phase: str = "Pending"
    node: str = ""
    """Its machine; empty while nobody places it."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def step(self) -> str:
        """Return the step it executes; empty for a run's own pod."""
        return self.labels.get("dagster/op", "")

    def body(self, namespace: str) -> Body:
        """Return it as the API shows it."""
        metadata = {"name": self.name, "namespace": namespace, "uid": self.uid}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, "labels": dict(self.labels)},
            "spec": {**self.spec, **({"nodeName": self.node} if self.node else {})},
            "status": {"phase": self.phase},
        }


class Cluster:
    """Jobs and pods by name."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.jobs: dict[str, Body] = {}
        self.pods: dict[str, Pod] = {}
        self.created: list[Body] = []
        """Every job as it was asked for."""
        self.places: Callable[[Pod], bool] = lambda _pod: True
        """Whether there is a machine for a pod."""
        self.starts: Callable[[Pod], bool] = lambda _pod: True
        """Whether the image of a pod that has a machine can be pulled."""
        self.logs = logs
        self._environment = dict(environment)
        self._lock = threading.RLock()
        logs.mkdir(parents=True, exist_ok=True)

    def create(self, namespace: str, job: Body) -> bool:
        """Create a job and its pod; return False when there is one of the name."""
        name = job["metadata"]["name"]
        with self._lock:
            if name in self.jobs:
                return False
            self.created.append(job)
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            metadata = {**job["metadata"], "namespace": namespace, "uid": str(uuid.uuid4())}
            self.jobs[name] = {
                **job,
                "metadata": {**metadata, "creationTimestamp": now},
                "status": {"active": 1},
            }
            template = job["spec"]["template"]
            labels = {**template["metadata"].get("labels", {}), "job-name": name}
            owners = job["metadata"].get("ownerReferences") or []
            pod = Pod(f"{name}-{uuid.uuid4().hex[:5]}", name, labels, template["spec"], owners)
            self.pods[pod.name] = pod
        threading.Thread(target=self._live, args=(pod,), daemon=True).start()
        return True

    def delete_job(self, name: str) -> bool:
        """Delete a job: its pod is asked to end, and killed when its grace is over."""
        with self._lock:
            found = self.jobs.pop(name, None)
            pods = [pod for pod in self.pods.values() if pod.job == name]
        for pod in pods:
            self._end(pod)
        return found is not None

    def delete_pod(self, name: str) -> bool:
        """Delete a pod; what it owns goes with it."""
        with self._lock:
            pod = self.pods.get(name)
        if pod is None:
            return False
        self._end(pod)
        return True

    def evict(self, pod: Pod, number: signal.Signals) -> None:
        """Take a pod's machine away: with notice (SIGTERM) or without (SIGKILL)."""
        if number is signal.SIGKILL:
            self._signal(pod, number)
        else:
            self._end(pod)

    def running(self, step: str | None = None) -> list[Pod]:
        """Return the pods that live, those of one step (`` for runs) when it is named."""
        with self._lock:
            alive = [pod for pod in self.pods.values() if pod.phase in ("Pending", "Running")]
        return [pod for pod in alive if step is None or pod.step == step]

    def collect(self, pod: Pod) -> None:
        """Delete the jobs that a pod owned, as the garbage collector does when it is deleted."""
        with self._lock:
            owned = [
                name
                for name, job in self.jobs.items()
                for owner in job["metadata"].get("ownerReferences") or []
                if owner["uid"] == pod.uid
            ]
        for name in owned:
            self.delete_job(name)

    def close(self) -> None:
        """Kill all that still lives."""
        for pod in self.running():
            self._signal(pod, signal.SIGKILL)
            pod.phase = "Failed"

    def _live(self, pod: Pod) -> None:
        """Wait for a machine, then be a process."""
        while pod.phase == "Pending":
            if pod.job in self.jobs and self.places(pod):
                pod.node = "node-1"
                if self.starts(pod):
                    break
            if pod.job not in self.jobs:
                pod.phase = "Failed"
                return
            time.sleep(_POLL_S)
        container = pod.spec["containers"][0]
        told = {one["name"]: one.get("value", "") for one in container.get("env") or []}
        command = [*(container.get("command") or []), *(container.get("args") or [])]
        with (self.logs / f"{pod.name}.log").open("wb") as log, self._lock:
            if pod.job not in self.jobs:
                pod.phase = "Failed"
                return
            pod.process = subprocess.Popen(
                command,
                env={**self._environment, **told, "HOSTNAME": pod.name},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            pod.phase = "Running"
        self._ended(pod, pod.process.wait())

    def _ended(self, pod: Pod, status: int) -> None:
        with self._lock:
            pod.phase = "Succeeded" if status == 0 else "Failed"
            if pod.job in self.jobs:
                outcome = "succeeded" if status == 0 else "failed"
                self.jobs[pod.job]["status"] = {outcome: 1}

    def _end(self, pod: Pod) -> None:
        """Ask a pod to end and see to it that it does."""
        grace_s = pod.spec.get("terminationGracePeriodSeconds", 30)
        self._signal(pod, signal.SIGTERM)

        def insist() -> None:
            if pod.process is not None and pod.process.poll() is None:
                self._signal(pod, signal.SIGKILL)

        timer = threading.Timer(grace_s, insist)
        timer.daemon = True
        timer.start()

    def _signal(self, pod: Pod, number: signal.Signals) -> None:
        if pod.process is None or pod.process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(pod.process.pid, number)
            else:
                os.kill(pod.process.pid, number)
