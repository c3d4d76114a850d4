"""Lines of the log as machines read them: of a real Dagster run, and of commands."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mmrag_pipeline.cli.console import warn
from mmrag_pipeline.json_lines import JsonLines
from mmrag_pipeline.observing.stages import ROOT, start_log
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.telemetry import ABOUT
from tests.cli.commands import Bench, Said

DOCS = Path(__file__).parents[2] / "docs" / "telemetry.md"
PROGRAM = """
import sys
import dagster as dg
from mmrag_pipeline.assets.run_index import run_partitions
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.observing.listeners import Listeners
from mmrag_pipeline.observing.stages import Stages
from tests.observing.worlds import heard_world

world = heard_world(Listeners(timings=[Stages()]))
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    (run,) = run_partitions(world, ["kitchen"], instance=instance, mode=Mode(""))
print(run.run_id)
"""
Line = Mapping[str, Any]


def lines(text: str) -> list[Line]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Leave no handler and no request behind."""
    token = ABOUT.set({})
    yield
    ABOUT.reset(token)
    start_log(Settings())


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the run's id and the standard error of a run with the documented configuration."""
    home = tmp_path_factory.mktemp("dagster")
    (documented,) = [
        part for part in DOCS.read_text().split("```") if part.startswith("yaml\npyth")
    ]
    (home / "dagster.yaml").write_text(documented.removeprefix("yaml\n"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.split()[-1], done.stderr


def test_a_run_tells_each_station_with_its_run_and_partition(dagster: tuple[str, str]) -> None:
    run_id, told = dagster
    stations = {one["stage"]: one for one in lines(told) if one.get("stage")}
    assert {"raw_files", "ocr+captions+image_vectors", "collection"} <= stations.keys()
    pages = stations["pages"]
    assert pages["run_id"] == run_id
    assert pages["partition"] == "kitchen"
    assert pages["duration_ms"] > 0
    assert pages["request_id"]


def test_events_of_dagster_are_lines_of_the_same_form(dagster: tuple[str, str]) -> None:
    run_id, told = dagster
    events = [one for one in lines(told) if one.get("step") == "pages"]
    assert {one["run_id"] for one in events} == {run_id}
    assert {"time", "level", "message"} <= events[0].keys()


def test_no_line_holds_what_a_file_says(dagster: tuple[str, str]) -> None:
    assert "secret-ingredient" not in dagster[1]


def test_of_an_error_a_line_tells_the_type_only() -> None:
    try:
        raise ValueError("the words of a file")
    except ValueError:
        record = ROOT.makeRecord("x", logging.ERROR, "", 1, "it failed", (), sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert (line["error"], line["message"]) == ("ValueError", "it failed")
    assert "words" not in str(line)


def test_a_command_warns_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(Settings(log_format="json"))
    warn("the tent is wet")
    (line,) = lines(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("warning", "the tent is wet")


def test_a_record_is_one_line_where_a_library_gave_the_root_a_handler(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logging.basicConfig(stream=sys.stderr, force=True)
    start_log(Settings(log_format="json"))
    warn("the tent is wet")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "the tent is wet"


def test_without_a_setting_a_command_warns_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(Settings())
    warn("the tent is wet")
    assert "warning: the tent is wet" in capsys.readouterr().err
    assert ROOT.handlers == []


def test_an_error_of_a_command_is_a_line(tmp_path: Path) -> None:
    said = _search(Bench(tmp_path / "home", tmp_path), MMRAG_LOG_FORMAT="json")
    (line,) = lines(said.err)
    assert said.code == 1
    assert line["level"] == "error"
    assert "mmrag index" in line["message"]
    assert len(line["request_id"]) == 32


def _search(bench: Bench, **environment: str) -> Said:
    return bench.mmrag("search", "tent", **environment)
