"""The pages under docs/ say what the code does."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from mmrag_pipeline import errors
from mmrag_pipeline.cli.main import app
from mmrag_pipeline.indexing.failures import ENGINE_FAILED
from mmrag_pipeline.parsing.wire import REASONS
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.s3_stream import REASONS as S3_REASONS
from tests.cli.commands import Bench

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
FIELDS = Settings.model_fields


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_stands_in_its_section(name: str) -> None:
    section = _section(name)
    options = [o for p in COMMANDS[name].params for o in p.opts if o.startswith("-")]
    assert [option for option in options if f"`{option}" not in section] == []


def _arguments(name: str, bench: Bench) -> list[str]:
    queries = bench.home.with_name("documented.jsonl")
    queries.write_text('{"id": "a", "query": "tea", "relevant": ["tea.txt"]}')
    if name == "explain":
        hits = bench.mmrag("search", "tea", "--json").json["hits"]
        return [hits[0]["point_id"]]
    lines = [f'{{"id": "{n}", "query": "tea {n}", "relevant": ["tea.txt"]}}' for n in range(10)]
    many = bench.home.with_name("many.jsonl")
    many.write_text("\n".join(lines))
    given = {
        "search": ["tea"],
        "fusion-train": ["--queries", str(many)],
        "ask": ["What to do with the tank before switching on?"],
        "evaluate": ["--queries", str(queries)],
        "copy-index": ["--to", str(bench.home.with_name("copied"))],
        "purge": ["notes/none.txt", "--yes"],
        "rollback": ["notes"],
        "promote": ["notes", "--to", "1", "--reason", "a trial"],
    }
    if name in ("rollback", "promote", "generations"):
        bench.mmrag("index", MMRAG_INDEX_DATATYPE="float16")
    return given.get(name, [])


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"demo"}))
def test_the_documented_json_has_the_real_keys(name: str, bench: Bench) -> None:
    said = bench.mmrag(name, *_arguments(name, bench), "--json")
    found = re.search(r"```json\n(.*?)```", _section(name), re.S)
    assert found
    documented = json.loads(found[1])
    assert documented.keys() == said.json.keys()
    assert [path for path in _paths(documented) if path not in _paths(said.json)] == []


def _paths(value: Any, path: str = "") -> set[str]:
    """Return the ways to everything inside; places in lists and domains' names are a `*`.

    What money is in depends on the bills.
    """
    if path.endswith(("money", "money_per_1000_files")):
        return {path}
    if isinstance(value, dict) and path == "/domains":
        value = list(value.values())
    if isinstance(value, list):
        parts = [_paths(one, f"{path}/*") for one in value]
    elif isinstance(value, dict):
        parts = [_paths(one, f"{path}/{key}") for key, one in value.items()]
    else:
        return {path}
    return set().union({path}, *parts)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_setting_stands_in_its_table_with_its_default(name: str) -> None:
    variable = FIELDS[name].validation_alias or f"MMRAG_{name.upper()}"
    default = FIELDS[name].default
    shown = "none" if default is None else default
    shown = json.dumps(shown) if isinstance(shown, tuple | dict | bool) else str(shown)
    assert f"| `{variable}` | `{shown}` | " in (DOCS / "settings.md").read_text()


def test_no_setting_is_documented_that_is_none() -> None:
    documented = re.findall(r"^\| `MMRAG_(\w+)` ", (DOCS / "settings.md").read_text(), re.M)
    assert {name.lower() for name in documented} <= FIELDS.keys()


def test_every_reason_stands_in_troubleshooting() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    assert [reason for reason in sorted(_reasons()) if f"`{reason}`" not in text] == []


def test_no_reason_is_documented_that_is_never_given() -> None:
    letters = (DOCS / "troubleshooting.md").read_text().split("## Errors")[0]
    assert set(re.findall(r"^\| `(\w+)`", letters, re.M)) <= _reasons()


def test_every_error_class_stands_in_troubleshooting() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    classes = [v for v in vars(errors).values() if isinstance(v, type)]
    names = [c.__name__ for c in classes if issubclass(c, errors.MmragError)]
    assert [name for name in names if f"| `{name}` |" not in text] == []


def _reasons() -> set[str]:
    """Return every reason that the package gives, by `reason="..."` or as a constant."""
    found = {ENGINE_FAILED, *REASONS, *S3_REASONS.values()}
    for path in (ROOT / "mmrag_pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason":
                words = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                found |= {word for word in words if isinstance(word, str)}
    return found


def _section(name: str) -> str:
    text = (DOCS / "commands.md").read_text()
    found = re.search(rf"^## mmrag {name}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    assert found, f"docs/commands.md has no section `mmrag {name}`"
    return found[1]
