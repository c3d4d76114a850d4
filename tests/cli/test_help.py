"""Every command explains itself, however narrow the terminal."""

import pytest
import typer

from mmrag_pipeline.cli.main import app
from tests.cli.commands import Bench

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_a_sentence_and_an_example(empty: Bench, name: str) -> None:
    said = empty.mmrag(name, "--help", COLUMNS="200")
    assert said.code == 0
    assert "Example" in said.out
    assert f"mmrag {name}" in said.out.split("Example")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_narrow_terminal(empty: Bench, name: str) -> None:
    said = empty.mmrag(name, "--help", COLUMNS="60")
    assert max(map(len, said.out.splitlines())) <= 60


def test_every_command_is_listed(empty: Bench) -> None:
    said = empty.mmrag("--help")
    assert [name for name in COMMANDS if name not in said.out] == []


def test_an_unknown_command_is_wrong_usage(empty: Bench) -> None:
    said = empty.mmrag("serach")
    assert said.code == 2
    assert "No such command 'serach'" in said.err
