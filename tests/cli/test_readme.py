"""README promises nothing that is not there."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from mmrag_pipeline.cli.main import app
from mmrag_pipeline.settings import Settings
from tests.cli.commands import Bench

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, re.S | re.M)
LINES = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
CALLS = [line for line in LINES if re.match(r"(\.venv/bin/)?mmrag ", line)]
TARGETS = [words[1] for line in LINES if (words := line.split())[:1] == ["make"]]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group


def test_the_first_block_is_the_two_commands() -> None:
    assert [line.split()[1] for line in BLOCKS[0].splitlines()] == ["demo", "test"]


@pytest.mark.parametrize("target", sorted(set(TARGETS)))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("call", CALLS)
def test_every_call_names_a_command_with_options_that_it_has(call: str) -> None:
    _, name, *arguments = shlex.split(call)
    known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert [a for a in arguments if a.startswith("-") and a not in known] == []


PLACEHOLDER = re.compile("DIR|BUCKET")


@pytest.mark.parametrize("call", [call for call in CALLS if not PLACEHOLDER.search(call)])
def test_every_call_without_a_placeholder_ends_well(
    call: str, indexed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    said = indexed.mmrag(*shlex.split(call)[1:])
    assert (said.code, said.out != "") == (0, True), said.err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_stands_in_the_table(name: str) -> None:
    assert f"| `mmrag {name}` | " in README


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"`?(MMRAG_[A-Z_]+)", README))))
def test_every_variable_is_a_setting(variable: str) -> None:
    assert variable.removeprefix("MMRAG_").lower() in Settings.model_fields


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_to_a_file(path: str) -> None:
    assert (ROOT / path).exists()


def test_extras_that_are_named_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert set(re.findall(r"extra `(\w+)`", README)) <= extras.keys()


def test_the_demo_queries_that_it_evaluates_are_there() -> None:
    lines = (ROOT / "demo" / "queries.jsonl").read_text().splitlines()
    assert len(lines) == 60
    assert all(json.loads(line).keys() >= {"id", "relevant", "kind"} for line in lines)
