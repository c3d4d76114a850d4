"""Manifests: no secret, least rights, and every name that one of them uses is there."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from deploy import chart
from deploy.given import manifests, settings_of
from mmrag_pipeline.assets.declared import GPU
from mmrag_pipeline.settings import Settings, variable

DOCS = Path(__file__).parents[2] / "docs" / "kubernetes.md"
OBJECTS = list(manifests())
VALUES = chart.values()
FIELDS = {variable(name): field for name, field in Settings.model_fields.items()}
SECRETS = {n for n, f in FIELDS.items() if SecretStr in (f.annotation, *get_args(f.annotation))}


def _of(kind: str) -> dict[str, Any]:
    return {one.body["metadata"]["name"]: one.body for one in OBJECTS if one.body["kind"] == kind}


@pytest.mark.parametrize("secret", _of("Secret").values(), ids=_of("Secret").keys())
def test_secrets_hold_nothing_but_placeholders(secret: Any) -> None:
    assert "data" not in secret
    assert set(secret["stringData"].values()) == {"replace-me"}


def test_every_variable_is_a_setting_and_secret_ones_stand_in_secrets() -> None:
    data = _of("ConfigMap")["mmrag-settings"]["data"]
    secret = {n for n in _of("Secret")["mmrag-secrets"]["stringData"] if n.startswith("MMRAG_")}
    assert data.keys() <= FIELDS.keys() - SECRETS
    assert secret <= SECRETS
    assert secret


def test_the_config_map_loads_as_settings_of_a_cluster() -> None:
    settings = settings_of(OBJECTS)
    assert settings.executor == "kubernetes"
    assert settings.k8s_cpu_selector == {"karpenter.sh/capacity-type": "on-demand"}
    assert settings.precision != "auto"


def test_every_name_that_is_used_is_there() -> None:
    settings = settings_of(OBJECTS)
    run = VALUES["runLauncher"]["config"]["customRunLauncher"]["config"]["run_k8s_config"]
    run = run["pod_spec_config"]
    (location,) = VALUES["dagster-user-deployments"]["deployments"]
    assert settings.k8s_service_account in _of("ServiceAccount")
    assert VALUES["global"]["serviceAccountName"] in _of("ServiceAccount")
    assert settings.k8s_weights_claim in _of("PersistentVolumeClaim")
    assert run["priority_class_name"] in _of("PriorityClass")
    assert settings.k8s_gpu_selector["karpenter.sh/nodepool"] in _of("NodePool")
    assert {one["name"] for one in location["envConfigMaps"]} <= _of("ConfigMap").keys()
    named = {VALUES["global"]["postgresqlSecretName"], *(o["name"] for o in location["envSecrets"])}
    assert named <= _of("Secret").keys()


def test_the_role_allows_what_the_launcher_and_the_executor_call_and_no_more() -> None:
    allowed = {
        resource: set(rule["verbs"])
        for rule in _of("Role")["mmrag"]["rules"]
        for resource in rule["resources"]
    }
    assert allowed == {
        "jobs": {"create", "delete", "get", "list"},
        "jobs/status": {"get"},
        "pods": {"delete", "get", "list"},
        "events": {"list"},
        "pods/log": {"get"},
    }


def test_steps_have_no_right_at_the_api() -> None:
    bound = {one["name"] for b in _of("RoleBinding").values() for one in b["subjects"]}
    assert settings_of(OBJECTS).k8s_service_account not in bound
    assert VALUES["global"]["serviceAccountName"] in bound


def test_nothing_is_let_through_that_no_rule_names() -> None:
    denied = _of("NetworkPolicy")["deny-all"]["spec"]
    assert denied["podSelector"] == {}
    assert set(denied["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in denied
    assert "egress" not in denied


def _ports(policy: str, way: str) -> set[int]:
    rules = _of("NetworkPolicy")[policy]["spec"][way]
    return {port["port"] for rule in rules for port in rule["ports"]}


def test_rules_name_the_ports_of_the_chart() -> None:
    (location,) = VALUES["dagster-user-deployments"]["deployments"]
    assert _ports("webserver", "ingress") == {VALUES["dagsterWebserver"]["service"]["port"]}
    assert _ports("ask-code-location", "egress") == {location["port"]}
    assert _ports("code-location", "ingress") == {location["port"]}


def test_the_docs_list_the_files_in_which_something_is_marked_to_be_changed() -> None:
    text = DOCS.read_text().split("### What to change")[1].split("###")[0]
    listed = {Path(name).name for name in re.findall(r"^\| `([^`]+)`", text, re.M)}
    files = {*(one.file for one in OBJECTS), chart.VALUES}
    assert listed == {path.name for path in files if "Change: " in path.read_text()}


def test_no_pod_reaches_the_metadata_of_its_node() -> None:
    (rule,) = _of("NetworkPolicy")["object-store"]["spec"]["egress"]
    assert "169.254.0.0/16" in rule["to"][0]["ipBlock"]["except"]


def test_as_many_gpus_may_run_as_the_pool_counts() -> None:
    limits = _of("NodePool")["mmrag-gpu"]["spec"]["limits"]
    assert GPU == "gpu"
    assert int(limits["nvidia.com/gpu"]) == VALUES["concurrency"]["pools"]["defaultLimit"]


def test_prometheus_reaches_the_pages_that_settings_open_and_no_other_pod() -> None:
    settings, rule = settings_of(OBJECTS), _of("NetworkPolicy")["metrics"]["spec"]
    (opened,) = rule["ingress"]
    (ports,) = opened["ports"]
    assert settings.metrics_port is not None
    assert (ports["port"], ports["endPort"]) == (settings.metrics_port, settings.metrics_port + 7)
    assert settings.metrics_host == "0.0.0.0"
    assert rule["podSelector"]["matchLabels"] == {"component": "user-deployments"}
    assert opened["from"][0]["namespaceSelector"]["matchLabels"]
