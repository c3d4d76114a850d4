"""One small source, indexed once by the real command with the real models."""

from pathlib import Path

import pytest

from tests.cli.commands import Bench, Said
from tests.cli.corpus import build
from tests.stores.moto_server import aws, aws_chain, bucket, s3

__all__ = ["aws", "aws_chain", "bucket", "s3"]

_NO_OP = """
import sys
from mmrag_pipeline.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("loaded torch:", "torch" in sys.modules, file=sys.stderr)
"""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return the state and the source that no test may change; not indexed by itself."""
    folder = tmp_path_factory.mktemp("cli")
    return Bench(folder / "home", build(folder / "source"))


@pytest.fixture(scope="session")
def first(shared: Bench) -> Said:
    """Return what the first run said."""
    said = shared.mmrag_alone("index", "--source", str(shared.source), "--json")
    assert said.code == 0, said.err
    return said


@pytest.fixture(scope="session")
def second(shared: Bench, first: Said) -> Said:
    """Return what a run after it said, with nothing changed."""
    assert first.code == 0
    return shared.mmrag_alone("index", "--json", code=_NO_OP)


@pytest.fixture
def indexed(shared: Bench, first: Said) -> Bench:
    """Return the shared state, indexed, for commands that change nothing."""
    assert first.code == 0
    return shared


@pytest.fixture
def bench(indexed: Bench, tmp_path: Path) -> Bench:
    """Return a copy of the indexed state and its source, to change."""
    return indexed.copy(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Bench:
    """Return a state folder that does not exist yet, and a source of one text."""
    folder = tmp_path / "source" / "garden"
    folder.mkdir(parents=True)
    (folder / "trees.txt").write_text("Plant the apple tree in autumn.")
    return Bench(tmp_path / "home", tmp_path / "source")
