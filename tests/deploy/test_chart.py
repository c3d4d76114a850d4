"""Values for Dagster's chart: it makes an instance of them that a cluster does not break on."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from dagster._config import process_config
from dagster._core.instance.config import dagster_instance_config

from deploy import chart
from deploy.given import manifests, settings_of
from mmrag_pipeline.definitions import definitions
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.resources.k8s_rules import check_cluster

VALUES = chart.values()
INSTANCE = chart.instance(VALUES)
(DEPLOYMENT,) = VALUES["dagster-user-deployments"]["deployments"]
LAUNCHER = VALUES["runLauncher"]["config"]["customRunLauncher"]["config"]
PROCESSES = [DEPLOYMENT, VALUES["dagsterWebserver"], VALUES["dagsterDaemon"]]


def _written(folder: Path, instance: dict[str, Any]) -> Path:
    path = folder / "dagster.yaml"
    path.write_text(json.dumps(instance))
    return path


def test_the_instance_is_one_that_a_cluster_takes(tmp_path: Path) -> None:
    settings = settings_of(list(manifests()))
    check_cluster(settings, _written(tmp_path, INSTANCE))
    assert definitions(settings).resolve_job_def("index").executor_def.name == "kubernetes"


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("maxResumeRunAttempts", 1, "a resumed run hangs"),
        ("freeSlotsAfterRunEndSeconds", 0, "keep its slot"),
        ("enabled", False, "would stay started for ever"),
    ],
)
def test_values_that_hang_or_leak_are_refused(
    key: str, value: object, why: str, tmp_path: Path
) -> None:
    daemon = VALUES["dagsterDaemon"]
    changed = {**daemon, "runMonitoring": {**daemon["runMonitoring"], key: value}}
    instance = chart.instance({**VALUES, "dagsterDaemon": changed})
    with pytest.raises(SettingsError, match=why):
        check_cluster(settings_of(list(manifests())), _written(tmp_path, instance))


def test_dagster_takes_the_instance(tmp_path: Path) -> None:
    _written(tmp_path, INSTANCE)
    read, _ = dagster_instance_config(str(tmp_path))
    assert read["concurrency"]["runs"]["max_concurrent_runs"] == 12
    assert read["run_monitoring"]["start_timeout_seconds"] == 600


@pytest.mark.parametrize(
    "part", ["run_launcher", "run_storage", "event_log_storage", "schedule_storage"]
)
def test_what_the_image_brings_takes_its_configuration(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "given by the secret")
    given = INSTANCE[part]
    kind = getattr(importlib.import_module(given["module"]), given["class"])
    assert process_config(kind.config_type(), given["config"]).errors in (None, [])


def test_one_domain_has_one_run_at_a_time() -> None:
    (limit,) = INSTANCE["concurrency"]["runs"]["tag_concurrency_limits"]
    assert limit["key"] == "dagster/partition"
    assert limit["value"] == {"applyLimitPerUniqueValue": True}
    assert limit["limit"] == 1


@pytest.mark.parametrize("resources", [p["resources"] for p in (*PROCESSES, LAUNCHER)])
def test_no_process_has_a_limit_of_cpu_that_steps_would_inherit(resources: Any) -> None:
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_runs_our_image_as_nobody_special_on_ordinary_nodes(process: Any) -> None:
    assert re.fullmatch(r"\S+/mmrag-pipeline:\d+\.\d+\.\d+", chart.image(process["image"]))
    assert process["podSecurityContext"]["runAsUser"] == 10001
    assert process["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert process["nodeSelector"] == {"karpenter.sh/capacity-type": "on-demand"}


def test_no_password_stands_in_the_values() -> None:
    assert VALUES["postgresql"]["postgresqlPassword"] == ""
    assert not VALUES["generatePostgresqlPasswordSecret"]
    assert not re.search(r"password: [^\"~\s]", chart.VALUES.read_text(), re.I)


def test_a_user_who_is_not_root_can_open_the_webservers_port() -> None:
    webserver = VALUES["dagsterWebserver"]
    assert webserver["service"]["port"] >= 1024
    assert webserver["readinessProbe"]["httpGet"]["port"] == webserver["service"]["port"]


def test_values_go_over_the_charts_as_helm_does_it() -> None:
    defaults = {"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": {"f": 1}}
    ours = {"a": {"c": [3]}, "d": None, "e": {"f": 2}}
    assert chart.merged(defaults, ours) == {"a": {"b": 1, "c": [3]}, "e": {"f": 2}}
