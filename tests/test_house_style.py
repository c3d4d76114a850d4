"""The numbers of the house style, held by counting."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "mmrag_pipeline").rglob("*.py"))
CODE = sorted([*PACKAGE, *(ROOT / "tests").rglob("*.py"), *(ROOT / "training").rglob("*.py")])
BANNED = {"utils", "helpers", "common", "misc", "manager", "base2", "v2", "new", "legacy"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: Function) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def file_lines(path: Path) -> int:
    return path.read_text().count("\n")


def test_no_file_is_longer_than_300_lines() -> None:
    assert [p.name for p in CODE if file_lines(p) > 300] == []


def test_half_of_the_files_have_at_most_120_lines() -> None:
    assert statistics.median(file_lines(p) for p in PACKAGE) <= 120


def test_no_function_is_longer_than_40_lines() -> None:
    long = [f"{p.name}:{f.name}" for p in CODE for f in functions(p) if body_lines(f) > 40]
    assert long == []


def test_half_of_the_functions_have_at_most_8_lines() -> None:
    assert statistics.median(body_lines(f) for p in PACKAGE for f in functions(p)) <= 8


def test_no_function_takes_more_than_five_parameters_besides_self() -> None:
    def count(function: Function) -> int:
        names = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        return sum(a.arg not in ("self", "cls") for a in names)

    commands = {"search", "ask", "evaluate", "purge"}  # a command line option is a parameter
    wide = [
        f"{p.name}:{f.name}"
        for p in PACKAGE
        for f in functions(p)
        if count(f) > 5 and f.name not in commands
    ]
    assert wide == []


def test_no_name_says_nothing() -> None:
    parts = {part for p in PACKAGE for part in p.relative_to(ROOT).with_suffix("").parts}
    assert parts & BANNED == set()


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_and_public_function_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text())
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert ast.get_docstring(tree)
    assert silent == []


def test_only_settings_reads_the_environment() -> None:
    readers = re.compile(r"os\.environ\b(?!\.setdefault)|os\.getenv")
    found = [p.name for p in PACKAGE if readers.search(p.read_text()) and p.name != "settings.py"]
    assert found == []


def test_dagster_stays_on_its_floors() -> None:
    floors = {"assets", "resources", "sensors", "definitions.py"}
    users = {
        str(p.relative_to(ROOT / "mmrag_pipeline"))
        for p in PACKAGE
        if re.search(r"^\s*(from|import) dagster", p.read_text(), re.M)
    }
    above = {u for u in users if u.split("/")[0] not in floors}
    assert above <= {"cli/instance.py", "cli/index.py"}


def test_qdrant_stays_in_the_stores() -> None:
    pattern = re.compile(r"^\s*(from|import) qdrant_(client|edge)", re.M)
    users = {
        p.relative_to(ROOT / "mmrag_pipeline").parts[0]
        for p in PACKAGE
        if pattern.search(p.read_text())
    }
    assert users <= {"stores"}
