"""A site: files, state, a stand-in cluster, and Dagster's daemon over it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget

from mmrag_pipeline.assets.partitions import add_partitions
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.settings import Settings
from tests.e2e.runs import Index, diary_of, index
from tests.kubernetes.api import served
from tests.kubernetes.cluster import Cluster, Pod
from tests.kubernetes.defs import PACE, opened

ROOT = Path(__file__).parents[2]
DOMAIN = "shop"
_MODULE = "tests.kubernetes.defs"
_POLL_S = 0.1
_SHOWN_LINES = 40
_OURS = ("MMRAG_", "DAGSTER_", "AWS_")


@dataclass(frozen=True, slots=True)
class Site:
    """One test's files, state and cluster."""

    folder: Path
    cluster: Cluster
    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    submitted: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Return the settings that the pods read, where the test needs them, too."""
        return _settings(self.folder)

    def put(self, count: int, domain: str = DOMAIN) -> None:
        """Write pictures and notes."""
        from PIL import Image

        target = self.folder / "files" / domain
        target.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (40, 30), (number * 5 % 256, number, 90)).save(
                target / f"p{number}.png"
            )
            (target / f"t{number}.txt").write_text(f"a note of {domain}, number {number}")

    def submit(self, *domains: str) -> str:
        """Ask for a run of the job `index`, or `backfill` for several domains; return its id."""
        names = domains or (DOMAIN,)
        add_partitions(self.instance, names)
        name = "index" if len(names) == 1 else "backfill"
        context = self.workspace.create_request_context()
        location = context.get_code_location(_MODULE)
        repository = next(iter(location.get_repositories().values()))
        job = repository.get_full_job(name)
        plan = location.get_execution_plan(job, {}, None, None, self.instance)
        run = self.instance.create_run(
            job_name=name,
            run_id=None,
            run_config={},
            resolved_op_selection=None,
            step_keys_to_execute=None,
            status=dg.DagsterRunStatus.NOT_STARTED,
            op_selection=None,
            root_run_id=None,
            parent_run_id=None,
            tags={"dagster/partition": names[0]} if len(names) == 1 else {},
            job_snapshot=job.job_snapshot,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            parent_job_snapshot=job.parent_job_snapshot,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            asset_selection=None,
            asset_check_selection=None,
            asset_graph=repository.asset_graph,
        )
        self.instance.submit_run(run.run_id, context)
        self.submitted.append(run.run_id)
        return run.run_id

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """Return what became of a run."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def finished(self, run_id: str, *, within_s: float = 240.0) -> dg.DagsterRunStatus:
        """Wait for the end of a run; return how it ended."""
        done = (
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        )
        self.wait(lambda: self.status(run_id) in done, f"run {run_id} to end", within_s=within_s)
        return self.status(run_id)

    def pod_of(self, step: str, *, within_s: float = 120.0) -> Pod:
        """Wait until the pod of a step (`` for a run's) lives; return it."""

        def alive() -> list[Pod]:
            return [pod for pod in self.cluster.running(step) if pod.phase == "Running"]

        self.wait(lambda: bool(alive()), f"a pod of {step or 'a run'}", within_s=within_s)
        return alive()[0]

    def wait(self, ready: Callable[[], bool], what: str, *, within_s: float) -> None:
        """Wait for something; else fail with what the daemon and the pods said last."""
        end = time.monotonic() + within_s
        while not ready():
            if time.monotonic() > end:
                logs = sorted(self.cluster.logs.iterdir(), key=lambda p: p.stat().st_mtime)[-3:]
                said = [self.folder / "daemon.log", *logs]
                tails = [
                    line
                    for path in said
                    for line in [f"--- {path.name}", *path.read_text().splitlines()[-_SHOWN_LINES:]]
                ]
                raise AssertionError("\n".join([f"waited {within_s:g} s for {what}", *tails]))
            time.sleep(_POLL_S)

    def calls(self) -> int:
        """Return how many inputs models have seen."""
        return diary_of(self.settings).written().total()

    def redone(self) -> int:
        """Return how many inputs a model saw again."""
        written = diary_of(self.settings).written()
        return written.total() - len(written)

    def index(self, domain: str = DOMAIN) -> Index:
        """Return what is served and all tables."""
        with opened(self.settings) as world:
            return index(world, domain)

    def clean(self, domain: str = DOMAIN) -> Index:
        """Return what a run from nothing gives in one process."""
        home = self.folder / "clean" / domain
        home.mkdir(parents=True)
        with opened(self.settings.model_copy(update={"home": home})) as world:
            run_partition(world, domain, Mode("clean"))
            return index(world, domain)

    def was_failed(self, run_id: str) -> bool:
        """Return whether a run was ever said to have failed."""
        failed = dg.DagsterEventType.RUN_FAILURE
        return bool(self.instance.get_records_for_run(run_id, of_type=failed).records)

    def errors(self, run_id: str) -> str:
        """Return what the event log says of why steps of a run failed or were tried again."""
        events = [
            record.event_log_entry.dagster_event
            for record in self.instance.get_records_for_run(run_id).records
        ]
        data = [getattr(event, "event_specific_data", None) for event in events]
        errors = [error for one in data if (error := getattr(one, "error", None))]
        return "\n".join(error.message for error in errors)


def _settings(folder: Path) -> Settings:
    return Settings.model_validate(
        {"home": folder / "state", "source_root": str(folder / "files")}
        | {"tile_px": 64, "chunk_tokens": 16, "chunk_overlap_tokens": 4, "batch_size": 4}
    )


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    path = f"{Path(sys.executable).parent}:{clean.get('PATH', '')}"
    settings = _settings(folder)
    return {
        **clean,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "2",
        "DAGSTER_HOME": str(folder / "dagster"),
        "DAGSTER_STEP_DELEGATING_EXECUTOR_SLEEP_SECONDS": "0.2",
        "MMRAG_HOME": str(settings.home),
        "MMRAG_SOURCE_ROOT": str(settings.source_root),
        "MMRAG_TILE_PX": "64",
        "MMRAG_CHUNK_TOKENS": "16",
        "MMRAG_CHUNK_OVERLAP_TOKENS": "4",
        "MMRAG_BATCH_SIZE": "4",
        "MMRAG_EXECUTOR": "kubernetes",
        "MMRAG_K8S_STATE_CLAIM": "state",
        "MMRAG_STEP_RETRIES": "9",
        "MMRAG_GRACE_PERIOD_S": "20",
        PACE: "0.05",
        **more,
    }


def _instance_config(folder: Path) -> str:
    """Return the instance of a cluster: as deployed, but for where its API and database are."""
    return json.dumps(
        {
            "run_launcher": {
                "module": "mmrag_pipeline.resources.k8s_launcher",
                "class": "ClusterRunLauncher",
                "config": {
                    "service_account_name": "dagster",
                    "instance_config_map": "dagster-instance",
                    "dagster_home": str(folder / "dagster"),
                    "load_incluster_config": False,
                    "kubeconfig_file": str(folder / "kubeconfig"),
                    "job_image": "mmrag-pipeline:test",
                    "job_namespace": "default",
                    "fail_pod_on_run_failure": True,
                },
            },
            "run_coordinator": {
                "module": "dagster._core.run_coordinator",
                "class": "QueuedRunCoordinator",
                "config": {"dequeue_interval_seconds": 1},
            },
            "run_monitoring": {
                "enabled": True,
                "poll_interval_seconds": 2,
                "start_timeout_seconds": 60,
                "max_resume_run_attempts": 0,
                "free_slots_after_run_end_seconds": 5,
            },
            "run_retries": {"enabled": False},
            "concurrency": {"pools": {"granularity": "op", "default_limit": 2}},
            "telemetry": {"enabled": False},
        }
    )


@contextmanager
def site(folder: Path, **more: str) -> Iterator[Site]:
    """Open a site; all its processes end with the block. `more` are environment variables."""
    environment = _environment(folder, more)
    (folder / "dagster").mkdir()
    (folder / "state").mkdir()
    (folder / "dagster" / "dagster.yaml").write_text(_instance_config(folder))
    cluster = Cluster(folder / "pods", environment)
    before = dict(os.environ)
    with ExitStack() as stack:
        stack.enter_context(served(cluster, folder / "kubeconfig"))
        os.environ.clear()
        os.environ.update(environment)
        stack.callback(_restore, before)
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(folder / "dagster")))
        target = ModuleTarget(_MODULE, None, str(ROOT), _MODULE)
        workspace = stack.enter_context(WorkspaceProcessContext(instance, target))
        stack.enter_context(_daemon(folder, environment))
        yield Site(folder, cluster, instance, workspace)


@contextmanager
def _daemon(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    with (folder / "daemon.log").open("wb") as log:
        command = [sys.executable, "-m", "dagster._daemon", "run", "-m", _MODULE, "-d", str(ROOT)]
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _restore(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)
