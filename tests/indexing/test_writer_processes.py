"""Two processes write one partition at once and are killed at random: one more run mends it."""

import random
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from mmrag_pipeline.indexing.verify import verify
from tests.indexing.life import DOMAIN
from tests.indexing.test_writers import alike
from tests.indexing.writer_process import Moment, index_of, life_of, started
from tests.stores.qdrant_process import Served

Waits = tuple[float, float]
CONTENTS = ("img:1", "img:2", "txt:a note of few words", "pdf:p|q|r", "img:3@150x100")


def _some_files(chance: random.Random, moment: int) -> Moment:
    files = {f"file{n}": chance.choice(CONTENTS) for n in range(12) if chance.random() < 0.8}
    return Moment(files, 100 * moment)


def _two_at_once(
    home: Path, port: int | None, moments: tuple[Moment, Moment], waits: Waits
) -> None:
    """Run two processes on different files; each has the time it is given, then it is killed."""
    with ExitStack() as stack:
        processes = [stack.enter_context(started(home, one, port=port)) for one in moments]
        for process in processes:
            _await_begin(process)
        for process, wait_s in zip(processes, waits, strict=True):
            time.sleep(wait_s)
            process.kill()


def _await_begin(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"


def _check(home: Path, port: int | None, *, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(rounds):
        moments = _some_files(chance, 2 * number), _some_files(chance, 2 * number + 1)
        _two_at_once(home, port, moments, (chance.random() * 0.5, chance.random() * 0.5))
    life = life_of(home, _some_files(chance, 2 * rounds), index_of(home, port))
    life.run()
    assert alike(life.index()[0], life.rebuild()[0][0])
    assert verify(life.world(), DOMAIN).clean


def test_two_processes_that_are_killed_leave_an_embedded_index_that_a_run_mends(
    tmp_path: Path,
) -> None:
    _check(tmp_path, None, rounds=2, seed=1)


def test_two_processes_that_are_killed_leave_a_servers_index_that_a_run_mends(
    tmp_path: Path, served: Served
) -> None:
    _check(tmp_path, served.grpc_port, rounds=2, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_two_processes_that_are_killed_again_and_again_leave_what_a_run_mends(
    tmp_path: Path, served: Served, seed: int
) -> None:
    for home, port in ((tmp_path / "embedded", None), (tmp_path / "server", served.grpc_port)):
        _check(home, port, rounds=5, seed=seed)
