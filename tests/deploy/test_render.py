"""What a cluster is given is rendered and checked; what it would refuse is told, with status 1."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from deploy import chart
from deploy.given import MANIFESTS, manifests, settings_of
from deploy.render import SPOTS, chart_errors, main, pods

ROOT = Path(__file__).parents[2]
RENDERED = {str(one.path): one.body for one in pods(settings_of(list(manifests())), chart.values())}


def _pod(path: str) -> Any:
    return RENDERED[path]["spec"]["template"]["spec"]


def test_everything_is_rendered_and_valid(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.render", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pods = {path.name for path in (tmp_path / "pods").iterdir()}
    assert pods >= {"run.yaml", *(f"step-gpu-{spot}.yaml" for spot in SPOTS)}
    assert "objects/Role-mmrag.yaml" in done.stdout
    assert yaml.safe_load((tmp_path / "dagster.yaml").read_text())["run_monitoring"]["enabled"]


def test_make_calls_it() -> None:
    assert "k8s-render: $(VENV)/.dev" in (ROOT / "Makefile").read_text()
    assert "-m deploy.render" in (ROOT / "Makefile").read_text()


def _copied(folder: Path, name: str, old: str, new: str) -> Path:
    """Return a copy of the manifests with a change in one of them."""
    folder.mkdir()
    for path in MANIFESTS.glob("*.yaml"):
        text = path.read_text()
        assert path.name != name or old in text
        (folder / path.name).write_text(text.replace(old, new) if path.name == name else text)
    return folder


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("network.yaml", "policyTypes:", "policyType:"), "'policyType' was unexpected"),
        (("rbac.yaml", "kind: Role\n", "kind: Rolle\n"), "find schema for kind Rolle"),
        (("settings.yaml", "s3://example-state", "/state"), "would be lost with each pod"),
    ],
)
def test_what_a_cluster_would_refuse_is_told(
    change: tuple[str, str, str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = _copied(tmp_path / "given", *change)
    assert main(["--out", str(tmp_path), "--manifests", str(given)]) == 1
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("settings.yaml", 'GRACE_PERIOD_S: "100"', "GRACE_PERIOD_S: 100"), "is no text"),
        (("settings.yaml", "_PRECISION: b", "_PRECISION: x"), "MMRAG_PRECISION='xfloat16': Input"),
        (("settings.yaml", "_PRECISION", "_PRECISON"), "did you mean MMRAG_PRECISION?"),
        (("settings.yaml", "mmrag-settings", "settings"), "no file holds the ConfigMap"),
        (("weights.yaml", "20Gi", "20Gb"), "storage of mmrag-weights is '20Gb', which is no"),
        (("rbac.yaml", "  namespace: mmrag\n", "  namespace: other\n"), "namespace 'other', but"),
        (
            ("weights.yaml", "  namespace: mmrag\n", ""),
            "namespace '(none)', but runs",
        ),
        (("weights.yaml", "spec:", "spec: ]"), "weights.yaml is no YAML: while parsing"),
        (("weights.yaml", "kind:", "king:"), "weights.yaml holds something that is no object"),
    ],
)
def test_a_mistake_is_told_with_its_file_in_one_line(
    change: tuple[str, str, str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = _copied(tmp_path / "given", *change)
    assert main(["--out", str(tmp_path), "--manifests", str(given)]) == 1
    (said, *_) = [line for line in capsys.readouterr().err.splitlines() if why in line]
    assert change[0] in said


def test_a_folder_without_manifests_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path), "--manifests", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'none'} has no *.yaml files: copy")


def test_a_quantity_of_the_values_that_kubernetes_does_not_know_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "values.yaml"
    given.write_text(chart.VALUES.read_text().replace("memory: 512Mi", "memory: 512Mb"))
    assert main(["--out", str(tmp_path), "--values", str(given)]) == 1
    said = capsys.readouterr().err
    assert f"{given}: dagster-user-deployments.deployments[0].resources.requests.memory" in said
    assert "is '512Mb', which is no quantity of Kubernetes" in said


@pytest.mark.parametrize("values", ["telemetry: {}", "a: [", "runAsUser"])
def test_values_that_nobody_can_render_are_told(
    values: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "values.yaml"
    given.write_text(values)
    assert main(["--out", str(tmp_path), "--values", str(given)]) == 1
    said = capsys.readouterr().err
    assert f"{given} and" in said
    assert "cannot be rendered: " in said


@pytest.mark.parametrize("path", RENDERED)
def test_every_pod_may_run_where_pods_are_restricted(path: str) -> None:
    pod = _pod(path)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert RENDERED[path]["spec"]["backoffLimit"] == 0


@pytest.mark.parametrize("path", RENDERED)
def test_every_pod_finds_its_settings_secrets_and_database(path: str) -> None:
    (container,) = _pod(path)["containers"]
    sources = [source for one in container["envFrom"] for source in one.values()]
    assert {"mmrag-settings", "mmrag-secrets"} <= {source["name"] for source in sources}
    assert "DAGSTER_PG_PASSWORD" in {one["name"] for one in container["env"]}


@pytest.mark.parametrize("spot", SPOTS)
def test_a_gpu_step_is_not_bound_to_the_nodes_of_its_run(spot: str) -> None:
    on_demand = {"karpenter.sh/capacity-type": "on-demand"}
    assert _pod("pods/run.yaml")["nodeSelector"] == on_demand
    assert not _pod(f"pods/step-gpu-{spot}.yaml")["nodeSelector"].items() >= on_demand.items()
    assert _pod(f"pods/step-cpu-{spot}.yaml")["nodeSelector"] == on_demand


def test_a_step_has_the_memory_of_its_own_settings() -> None:
    (run,), (step,) = (_pod(f"pods/{n}.yaml")["containers"] for n in ("run", "step-cpu-none"))
    assert step["resources"]["limits"] != run["resources"]["limits"]
    assert step["resources"]["limits"].keys() == {"memory"}


def test_what_the_charts_schema_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("dagsterDaemon: {heartbeatTolerance: 300}")
    link = "https://example.org/v1.19.0/_definitions.json#/definitions/"
    resources = {"$ref": f"{link}io.k8s.api.core.v1.ResourceRequirements"}
    daemon = {"required": ["heartbeatTolerance"], "properties": {"resources": resources}}
    schema = {"properties": {"dagsterDaemon": daemon, "telemetry": {"type": "string"}}}
    file = tmp_path / "values.schema.json"
    file.write_text(json.dumps(schema))
    assert [error[:11] for error in chart_errors(file, chart.values())] == ["$.telemetry"]
    wrong = {"dagsterDaemon": {"resources": {"limits": 3}}, "telemetry": "off"}
    assert [error.split(":")[0] for error in chart_errors(file, wrong)] == [
        "$.dagsterDaemon.resources.limits"
    ]
