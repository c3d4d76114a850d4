"""The stand-in is a server of its own, or there is none."""

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from demo import stand_in
from demo.local_s3 import free_port, local_s3


@pytest.fixture
def busy() -> Iterator[int]:
    """Give a port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_the_server_of_another_program_is_not_taken() -> None:
    with local_s3() as first:
        port = int(first.url.rpartition(":")[2])
        said = f"port {port} is in use by another program .*: end it"
        with pytest.raises(RuntimeError, match=said), local_s3(port):
            raise AssertionError("it took the other server")


def test_a_process_that_comes_second_to_a_port_ends(busy: int) -> None:
    command = [sys.executable, "-P", str(stand_in.__file__), str(busy), "secret"]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert ended.returncode != 0


def test_the_stand_in_answers_its_starter_only() -> None:
    with local_s3() as here, pytest.raises(HTTPError, match="404"):
        urlopen(f"{here.url}/{uuid.uuid4().hex}")


def test_a_free_port_is_the_preferred_one() -> None:
    port = free_port()
    assert free_port(port) == port


def test_instead_of_a_busy_port_there_is_another(busy: int) -> None:
    assert free_port(busy) != busy


def put(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m demo.put` with these words."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "demo.put", *words],
        cwd=Path(__file__).parents[2],
        env={**clean, **variables},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no-such-file", "kitchen"), "No such file"),
        (("pyproject.toml", ""), "cannot name a domain"),
        (("pyproject.toml", "kitchen"), "Could not connect"),
        (("pyproject.toml",), "give a file and a domain"),
    ],
)
def test_a_file_that_cannot_be_put_is_one_line(words: tuple[str, ...], said: str) -> None:
    address = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    answer = put(*words, **address, **keys)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_shell_that_leads_nowhere_puts_nothing() -> None:
    assert "env.sh" in put("pyproject.toml", "kitchen").stderr
