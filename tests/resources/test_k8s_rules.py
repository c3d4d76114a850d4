"""Combinations that hang, leak or lose work in a cluster are refused at load, with the reason."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mmrag_pipeline.definitions import definitions
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.k8s_rules import check_cluster
from mmrag_pipeline.settings import Settings

_PLACES = {"state_root": "s3://bucket/state", "qdrant_url": "http://qdrant:6333"}
_INSTANCE: Mapping[str, Any] = {
    "run_launcher": {
        "module": "mmrag_pipeline.resources.k8s_launcher",
        "class": "ClusterRunLauncher",
    },
    "storage": {"postgres": {}},
    "concurrency": {"pools": {"granularity": "op"}},
    "run_monitoring": {
        "enabled": True,
        "max_resume_run_attempts": 0,
        "free_slots_after_run_end_seconds": 60,
    },
    "run_retries": {"enabled": False},
}


def _settings(**more: object) -> Settings:
    return Settings.model_validate({"executor": "kubernetes", **_PLACES, **more})


def _instance(folder: Path, **more: object) -> Path:
    path = folder / "dagster.yaml"
    path.write_text(json.dumps({**_INSTANCE, **more}))
    return path


def test_what_is_deployed_is_let_in(tmp_path: Path) -> None:
    check_cluster(_settings(), _instance(tmp_path))
    check_cluster(_settings(state_root=None, qdrant_url=None, k8s_state_claim="state"))
    assert definitions(_settings()).resolve_job_def("index").executor_def.name == "kubernetes"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"state_root": None}, "tables and memo would be lost"),
        ({"state_root": "/state"}, "tables and memo would be lost"),
        ({"qdrant_url": None}, "an embedded index would be lost"),
        ({"k8s_cpu_fallback": True}, "which are two models"),
        (
            {"k8s_cpu_fallback": True, "precision": "float32", "device": "cuda"},
            "cannot run with MMRAG_DEVICE=cuda",
        ),
    ],
)
def test_settings_that_lose_work_are_refused_at_load(more: dict[str, object], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        definitions(_settings(**more))


@pytest.mark.parametrize(
    ("part", "change", "why"),
    [
        ("run_launcher", {"class": "K8sRunLauncher"}, "heeds runs within runs"),
        (
            "run_launcher",
            {"config": {"run_k8s_config": {"job_spec_config": {"backoffLimit": 3}}}},
            "finds the run started, and hangs",
        ),
        (
            "run_launcher",
            {"config": {"run_k8s_config": {"job_spec_config": {"podFailurePolicy": {"r": 1}}}}},
            "finds the run started, and hangs",
        ),
        ("run_monitoring", {"start_timeout_seconds": 0}, "waits for ever"),
        ("run_monitoring", {"cancel_timeout_seconds": 0}, "waits for ever"),
        ("concurrency", {"pools": {"granularity": "run"}}, "in all its steps"),
        ("concurrency", {"pools": {"default_limit": 0}}, "lets no GPU step begin"),
        ("run_monitoring", {"enabled": False}, "would stay started for ever"),
        ("run_monitoring", {"max_resume_run_attempts": 2}, "a resumed run hangs"),
        ("run_monitoring", {"free_slots_after_run_end_seconds": 0}, "keep its slot"),
        ("run_retries", {"enabled": True}, "repeat what the steps' own retries gave up"),
    ],
)
def test_an_instance_that_hangs_or_leaks_is_refused(
    part: str, change: dict[str, object], why: str, tmp_path: Path
) -> None:
    path = _instance(tmp_path, **{part: {**_INSTANCE[part], **change}})
    with pytest.raises(SettingsError, match=why):
        check_cluster(_settings(), path)


def test_an_instance_without_a_database_is_refused_where_pods_share_no_folder(
    tmp_path: Path,
) -> None:
    path = _instance(tmp_path)
    path.write_text(path.read_text().replace('"storage"', '"schedules"'))
    with pytest.raises(SettingsError, match="each pod would have runs of its own"):
        check_cluster(_settings(), path)
    check_cluster(_settings(k8s_state_claim="state"), path)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = _instance(tmp_path, run_launcher={}, run_monitoring={})
    with pytest.raises(SettingsError) as caught:
        check_cluster(_settings(state_root=None), path)
    told = str(caught.value)
    assert told.count("; ") >= 4
    assert "MMRAG_STATE_ROOT" in told


def test_an_instance_that_nobody_can_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dagster.yaml"
    path.write_text("run_launcher: [")
    with pytest.raises(SettingsError, match=r"dagster\.yaml' cannot be read"):
        check_cluster(_settings(), path)


def test_one_machine_may_do_as_it_likes(tmp_path: Path) -> None:
    check_cluster(Settings(), _instance(tmp_path, run_launcher={}))
