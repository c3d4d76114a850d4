"""deploy/ names what exists; nobody starts a container here."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from mmrag_pipeline.settings import Settings, variable

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+")
VARIABLES = set(map(variable, Settings.model_fields))


def _environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_is_pinned_or_built_here(name: str) -> None:
    service = SERVICES[name]
    built = service.get("build")
    assert PINNED.fullmatch(service["image"]) or built
    if built:
        assert (DEPLOY / built["context"] / built["dockerfile"]).is_file()


def test_qdrant_is_of_the_clients_minor_version() -> None:
    pinned = re.search(
        r"^qdrant-client==(\d+\.\d+)\.", (ROOT / "constraints.txt").read_text(), re.M
    )
    assert pinned is not None
    assert SERVICES["qdrant"]["image"].startswith(f"qdrant/qdrant:v{pinned[1]}.")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_variable_of_ours_is_a_setting(name: str) -> None:
    ours = {v for v in _environment(name) if v.startswith(("MMRAG_", "DAGSTER_"))}
    assert ours <= VARIABLES


def test_the_environment_is_one_that_settings_take(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _environment("daemon").items():
        monkeypatch.setenv(name, value)
    assert Settings().qdrant_url == "http://qdrant:6333"


def test_every_secret_comes_from_the_environment() -> None:
    given = [pair for name in SERVICES for pair in _environment(name).items()]
    secrets = [value for name, value in given if re.search("SECRET|PASSWORD|KEY", name)]
    assert len(secrets) == 8
    assert all(re.fullmatch(r"\$\{[A-Z0-9_]+:-local-use-only\}", value) for value in secrets)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_volumes_are_declared_and_what_is_waited_for_exists(name: str) -> None:
    volumes = [volume.split(":")[0] for volume in SERVICES[name].get("volumes", [])]
    assert set(volumes) <= COMPOSE["volumes"].keys()
    for other, how in SERVICES[name].get("depends_on", {}).items():
        healthy = how["condition"] == "service_healthy"
        assert not healthy or "healthcheck" in SERVICES[other]
