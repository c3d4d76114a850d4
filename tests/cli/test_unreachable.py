"""A server of the index that cannot be asked is told once, before anything is done."""

import pytest

from tests.cli.commands import Bench

_GONE = "http://127.0.0.1:1"
_KEY = "a-key-of-nobody"
_SERVER = {
    "MMRAG_QDRANT_API_KEY": _KEY,
    "MMRAG_QDRANT_GRPC": "false",
    "MMRAG_QDRANT_RETRIES": "0",
}


@pytest.mark.parametrize(
    "command", ["index", "backfill", "plan", "verify", "generations", "copy-index", "status"]
)
def test_a_server_that_is_away_is_told_once_whatever_the_domains(
    indexed: Bench, command: str
) -> None:
    away = {"MMRAG_QDRANT_URL": _GONE} if command != "copy-index" else {}
    to = [] if away else ["--to", _GONE]
    said = indexed.mmrag(command, *to, **_SERVER, **away)
    assert said.code == 1
    assert said.err.count("could not be asked (ConnectError)") == 1
    assert "domain " not in said.err
    assert _KEY not in said.err + said.out


def test_a_run_that_cannot_reach_its_index_computes_nothing(empty: Bench) -> None:
    source = ["--source", str(empty.source)]
    said = empty.mmrag("index", *source, **_SERVER, MMRAG_QDRANT_URL=_GONE)
    assert (said.code, said.out) == (1, "")
    assert not (empty.home / "tables").exists()
    assert not (empty.home / "memo").exists()
