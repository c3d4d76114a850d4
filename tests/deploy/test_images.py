"""Images as they are written down: pinned, for a user who is not root, and without a secret."""

import re
from pathlib import Path

import pytest

from deploy import chart

ROOT = Path(__file__).parents[2]
FILES = ("Dockerfile", "Dockerfile.cuda")
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
pytestmark = pytest.mark.parametrize("name", FILES)


def _lines(name: str) -> list[str]:
    """Return the instructions, each on one line."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "deploy" / name).read_text(), flags=re.M)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def _given(name: str, instruction: str) -> list[str]:
    found = [line.split(maxsplit=1) for line in _lines(name)]
    return [rest for word, rest in found if word == instruction]


def _arguments(name: str) -> dict[str, str]:
    """Return each argument's default, empty for one that has to be given."""
    return {one.partition("=")[0]: one.partition("=")[2] for one in _given(name, "ARG")}


def _environment(name: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for one in _given(name, "ENV") for pair in one.split())


def test_its_last_user_is_a_number_that_is_not_roots(name: str) -> None:
    user = _given(name, "USER")[-1]
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    (deployment,) = chart.values()["dagster-user-deployments"]["deployments"]
    assert user == f"{deployment['podSecurityContext']['runAsUser']}:10001"


def test_its_base_is_pinned(name: str) -> None:
    assert _given(name, "FROM") == ["${BASE}"]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", _arguments(name)["BASE"])


def test_torch_is_of_the_pinned_version_whatever_it_computes_on(name: str) -> None:
    arguments = _arguments(name)
    assert f"\ntorch=={arguments['TORCH']}\n" in CONSTRAINTS
    assert f"\ntorchvision=={arguments['TORCHVISION']}\n" in CONSTRAINTS


def test_pip_installs_nothing_without_a_version(name: str) -> None:
    installs = [part for run in _given(name, "RUN") for part in re.split("&&|;", run)]
    pip = [part for part in installs if "pip install" in part]
    pinned = ("--constraint ", "==", "--no-deps --force-reinstall .")
    assert len(pip) >= 3
    assert [part for part in pip if not any(mark in part for mark in pinned)] == []


def test_it_brings_the_database_of_a_cluster_and_telemetry(name: str) -> None:
    assert any("'.[cluster,telemetry]'" in run for run in _given(name, "RUN"))


def test_nothing_secret_goes_into_it(name: str) -> None:
    told = {**_arguments(name), **_environment(name)}
    assert [n for n in told if re.search("SECRET|PASSWORD|TOKEN|KEY", n, re.I)] == []
    assert not re.search("latest|AKIA", (ROOT / "deploy" / name).read_text())


def test_weights_come_only_where_somebody_asks_for_them(name: str) -> None:
    assert _environment(name)["HF_HOME"] == "/weights"
    assert _arguments(name)["WEIGHTS"] == ""
    assert _arguments(name).get("PADDLE", "") == ""


def test_both_images_lay_the_same_weights_into_the_same_folder(name: str) -> None:
    (fetched,) = [run for run in _given(name, "RUN") if "${WEIGHTS}" in run]
    assert [fetched] == [run for run in _given(FILES[0], "RUN") if "${WEIGHTS}" in run]
    assert any("mkdir" in run and "/opt/weights" in run for run in _given(name, "RUN"))


def test_the_charts_instance_lies_where_the_image_has_room_for_it(name: str) -> None:
    home = chart.values()["global"]["dagsterHome"]
    assert any("mkdir" in run and home in run for run in _given(name, "RUN"))
    # there lies the configuration of one machine, which a cluster refuses
    assert _environment(name)["DAGSTER_HOME"] != home


def test_what_the_image_copies_is_there_and_not_ignored(name: str) -> None:
    copied = [
        source
        for line in _given(name, "COPY")
        for source in line.split()[:-1]
        if not source.startswith("--")
    ]
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert copied
    assert [one for one in copied if not (ROOT / one).exists() or one not in kept] == []


def test_code_comes_after_all_that_changes_less_often(name: str) -> None:
    lines = _lines(name)
    code = lines.index("COPY mmrag_pipeline ./mmrag_pipeline")
    slow = [n for n, line in enumerate(lines) if "torch==" in line or "--constraint" in line]
    assert max(slow) < code
