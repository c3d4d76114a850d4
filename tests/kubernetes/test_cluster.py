"""Runs in a cluster whose machines vanish: the real launcher, executor and daemon.

The cluster is a stand-in on loopback. Every case ends with the index of a clean run.
"""

import random
import signal
import time
from pathlib import Path

import dagster as dg
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from deploy.render import VERSIONS
from tests.kubernetes.cluster import Pod
from tests.kubernetes.defs import PACE
from tests.kubernetes.site import DOMAIN, Site, site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_500),
    # of Dagster's code servers, which nobody waits for when a workspace is closed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
_FILES = 12
_SLOW = {PACE: "0.3", "MMRAG_GRACE_PERIOD_S": "10"}
_CALL = 4
"""Inputs of one call of a model (MMRAG_BATCH_SIZE)."""
_BATCH = 8 + 2 * _CALL
"""Inputs that two models of 0.3 s see between two commits, 2.5 s apart, the last calls included."""


def _needs_gpu(pod: Pod) -> bool:
    limits = pod.spec["containers"][0].get("resources", {}).get("limits", {})
    return "nvidia.com/gpu" in limits


def _whole(here: Site, *domains: str) -> None:
    """Check that nothing lives any more and that each index is that of a clean run."""
    here.wait(lambda: not here.cluster.running(), "every pod to end", within_s=60)
    for domain in domains or (DOMAIN,):
        assert here.index(domain) == here.clean(domain)


def test_a_run_of_pods_makes_the_index_of_one_process(tmp_path: Path) -> None:
    with site(tmp_path) as here:
        here.put(_FILES)
        assert here.finished(here.submit()) is dg.DagsterRunStatus.SUCCESS
        assert here.redone() == 0
        _whole(here)
        jobs = here.cluster.created
        assert {job["metadata"]["labels"].get("dagster/op") for job in jobs} >= {"vision", None}
        for version in VERSIONS:
            for job in jobs:
                kubernetes_validate.validate(job, version, strict=True)


@pytest.mark.parametrize("seed", range(4))
def test_a_step_whose_machine_vanishes_goes_on_where_it_was(seed: int, tmp_path: Path) -> None:
    chance, kills = random.Random(seed), 5
    with site(tmp_path, **_SLOW) as here:
        here.put(3 * _FILES)  # so much that no machine is done before the last one vanishes
        run, notices = here.submit(), 0
        for number in range(kills):
            pod = here.pod_of("vision")
            time.sleep(chance.uniform(2.0, 6.0))
            notice = number % 2 == 0
            notices += notice
            here.cluster.evict(pod, signal.SIGTERM if notice else signal.SIGKILL)
            here.wait(lambda gone=pod: gone.phase != "Running", "the pod to end", within_s=30)  # type: ignore[misc]
        assert here.finished(run, within_s=400) is dg.DagsterRunStatus.SUCCESS
        assert here.redone() <= notices * _CALL + (kills - notices) * _BATCH
        _whole(here)


def test_a_run_whose_own_pod_dies_leaves_two_writers_that_agree(tmp_path: Path) -> None:
    with site(tmp_path, **_SLOW) as here:
        here.put(_FILES)
        first = here.submit()
        here.pod_of("vision")
        time.sleep(4)
        here.cluster.evict(here.pod_of(""), signal.SIGKILL)
        assert here.finished(first) is dg.DagsterRunStatus.FAILURE
        second = here.submit()
        assert here.finished(second, within_s=400) is dg.DagsterRunStatus.SUCCESS
        _whole(here)


def test_a_run_that_is_cancelled_leaves_no_step_running(tmp_path: Path) -> None:
    with site(tmp_path, **_SLOW) as here:
        here.put(_FILES)
        run = here.submit()
        here.pod_of("vision")
        time.sleep(3)
        here.instance.run_launcher.terminate(run)
        assert here.finished(run) is dg.DagsterRunStatus.CANCELED
        here.wait(lambda: not here.cluster.running(), "every pod to end", within_s=60)
        assert here.finished(here.submit(), within_s=400) is dg.DagsterRunStatus.SUCCESS
        _whole(here)


def test_where_no_gpu_comes_the_same_models_run_without_one(tmp_path: Path) -> None:
    more = {"MMRAG_K8S_CPU_FALLBACK": "true", "MMRAG_PRECISION": "float32"}
    with site(tmp_path, MMRAG_K8S_WAIT_S="30", **more) as here:
        here.put(_FILES)
        here.cluster.places = lambda pod: not _needs_gpu(pod)
        run = here.submit()
        assert here.finished(run, within_s=600) is dg.DagsterRunStatus.SUCCESS
        assert "does without one" in here.errors(run)
        _whole(here)


def test_where_no_gpu_ever_comes_the_run_ends_and_says_so(tmp_path: Path) -> None:
    with site(tmp_path, MMRAG_K8S_WAIT_S="30", MMRAG_STEP_RETRIES="1") as here:
        here.put(_FILES)
        here.cluster.places = lambda pod: not _needs_gpu(pod)
        run = here.submit()
        assert here.finished(run, within_s=400) is dg.DagsterRunStatus.FAILURE
        assert "MMRAG_K8S_WAIT_S=30" in here.errors(run)
        here.wait(lambda: not here.cluster.running(), "every pod to end", within_s=60)
        here.cluster.places = lambda _pod: True
        assert here.finished(here.submit(), within_s=400) is dg.DagsterRunStatus.SUCCESS
        _whole(here)


def test_few_pods_share_many_domains_and_one_that_is_lost_is_replaced(tmp_path: Path) -> None:
    domains = ("a", "b", "c", "d")
    with site(tmp_path, **_SLOW, MMRAG_K8S_GPU_PODS="2") as here:
        for domain in domains:
            here.put(_FILES // 2, domain)
        run = here.submit(*domains)
        time.sleep(6)
        here.cluster.evict(here.pod_of("backfill_0"), signal.SIGKILL)
        assert here.finished(run, within_s=600) is dg.DagsterRunStatus.SUCCESS
        indexed = [
            r.tags["dagster/partition"]
            for r in here.instance.get_runs(dg.RunsFilter(job_name="index"))
            if r.is_success
        ]
        assert sorted(indexed) == sorted(domains)
        # Dagster's monitoring looks at them every other second, and finds no pods of theirs
        assert [r.run_id for r in here.instance.get_runs() if here.was_failed(r.run_id)] == []
        assert here.redone() <= _BATCH
        _whole(here, *domains)


def test_an_image_that_cannot_be_pulled_is_no_lack_of_machines(tmp_path: Path) -> None:
    with site(tmp_path, MMRAG_K8S_WAIT_S="30", MMRAG_STEP_RETRIES="1") as here:
        here.put(_FILES)
        here.cluster.starts = lambda pod: not _needs_gpu(pod)
        run = here.submit()
        assert here.finished(run, within_s=400) is dg.DagsterRunStatus.FAILURE
        assert "has a machine and did not start" in here.errors(run)
        assert "MMRAG_K8S_CPU_FALLBACK" not in here.errors(run)
