"""Ctrl-C during `mmrag index`: it ends soon, says so, and the next run goes on."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # no stubs are installed
import pytest

from tests.cli.commands import Bench, Said

_MANY, _FEW = 1_500, 3
_SOON_S = 30.0
"""Far more than a second, for a machine that has other things to do."""
_FROZEN_AT_EXIT = """
import atexit, gc, sys
atexit.register(lambda: print("frozen:", gc.get_freeze_count() > 0, file=sys.stderr))
from mmrag_pipeline.cli.main import main
main(sys.argv[1:])
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an interrupted command ended, in which time, and what it left running."""

    said: Said
    seconds: float
    survivors: list[psutil.Process]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return a source of two domains of blank texts: no model is needed for them."""
    folder = tmp_path_factory.mktemp("interrupt")
    _blank_texts(folder / "source" / "first", range(1, _MANY))
    _blank_texts(folder / "source" / "second", range(_MANY, _MANY + _FEW))
    return Bench(folder / "home", folder / "source")


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Ended:
    """Return how a run ended that got SIGINT while it read the first domain."""
    program = str(Path(sys.executable).with_name("mmrag"))
    with subprocess.Popen(
        [sys.executable, program, "index", "--source", str(bench.source), "--json"],
        env=_environment(bench.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told = _until(process, "first pages: ")
        parsers = psutil.Process(process.pid).children(recursive=True)
        assert parsers
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        out, err = process.communicate(timeout=120)
        seconds = time.monotonic() - sent
    _, alive = psutil.wait_procs(parsers, timeout=10)
    return Ended(Said(process.returncode, out, told + err), seconds, alive)


def test_an_interrupted_command_ends_soon_with_its_own_status(ended: Ended) -> None:
    assert ended.said.code == 130, ended.said.err
    assert ended.seconds < _SOON_S


def test_one_line_says_what_became_of_the_work(ended: Ended) -> None:
    line = "interrupted: what was finished is kept; run the same command again to go on"
    assert ended.said.err.splitlines()[-1] == line
    assert ended.said.out == ""


def test_no_further_domain_begins(ended: Ended) -> None:
    assert "first pages: " in ended.said.err
    assert "second" not in ended.said.err


def test_no_parser_survives(ended: Ended) -> None:
    assert ended.survivors == []


def test_the_next_run_ends_the_work(bench: Bench, ended: Ended) -> None:
    assert ended.said.code == 130
    said = bench.mmrag_alone("index", "--json")
    assert (said.code, said.json["failed"]) == (0, {})
    assert said.json["pages"] == _MANY - 1 + _FEW


def test_a_command_leaves_at_once_when_it_is_done(bench: Bench) -> None:
    said = bench.mmrag_alone("--help", code=_FROZEN_AT_EXIT)
    assert said.err.splitlines()[-1] == "frozen: True"


def _blank_texts(folder: Path, lengths: range) -> None:
    folder.mkdir(parents=True)
    for length in lengths:
        (folder / f"{length}.txt").write_text("\n" * length)


def _until(process: subprocess.Popen[str], sign: str) -> str:
    """Read what a command tells until a line begins with this sign."""
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line)
        if line.startswith(sign):
            break
    return "".join(told)


def _environment(home: Path) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("MMRAG_", "DAGSTER_"))}
    return {**kept, "MMRAG_HOME": str(home)}
