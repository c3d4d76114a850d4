"""The embedded vector store: the contract, locks, and processes that die."""

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mmrag_pipeline.errors import CollectionBusyError, CorruptStateError, NotFoundError
from mmrag_pipeline.index_settings import Quantization
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.tuning import Tuning
from tests.stores.endless_writer import acknowledged, endless_writer
from tests.stores.samples import LAYOUT, point_id
from tests.stores.vector_store_contract import VectorStoreContract
from tests.stores.vector_store_fixtures import NAME, SMALL, held


class TestEdgeVectors(VectorStoreContract):
    """The contract."""

    histories = 10

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return a store over shard folders."""
        return EdgeVectors(root, lock_timeout_s=5)


class TestEdgeVectorsOfHalfTheSize(TestEdgeVectors):
    """The contract with float16."""

    histories = 3
    layout = replace(LAYOUT, datatype="float16")
    atol = 1e-3


class TestEdgeVectorsWithScalars(TestEdgeVectors):
    """The contract with a smaller copy of one byte per number."""

    histories = 3
    quantization: Quantization = "scalar"

    @classmethod
    def open_store(cls, root: Path) -> VectorStore:
        """Return a store that makes the smaller copy as soon as Edge does."""
        return EdgeVectors(root, 5, Tuning(cls.quantization, exact_below_kb=0))


class TestEdgeVectorsWithTurboQuant(TestEdgeVectorsWithScalars):
    """The contract with a smaller copy of four bits per number."""

    quantization = "turbo-4"


class TestEdgeVectorsWithBits(TestEdgeVectorsWithScalars):
    """The contract with a smaller copy of one bit per number."""

    quantization = "binary"


@pytest.fixture
def store(tmp_path: Path) -> EdgeVectors:
    """Give a store with a small collection that does not wait for locks."""
    opened = EdgeVectors(tmp_path, lock_timeout_s=0)
    opened.create(NAME, SMALL)
    return opened


@pytest.fixture
def other(tmp_path: Path, store: EdgeVectors) -> Iterator[subprocess.Popen[str]]:
    """Give another process that writes to the same collection until it is killed."""
    with endless_writer(str(tmp_path), NAME) as process:
        yield process


def test_an_open_collection_is_busy_for_another_opener(store: EdgeVectors) -> None:
    for opener in (store.reader, store.writer):
        busy = pytest.raises(CollectionBusyError, match="MMRAG_LOCK_TIMEOUT_S sets how long")
        with store.reader(NAME), busy, opener(NAME):
            pass


def test_another_process_is_named_as_the_holder(
    store: EdgeVectors, other: subprocess.Popen[str]
) -> None:
    acknowledged(other, 1)
    with (
        pytest.raises(CollectionBusyError, match=f"held by process {other.pid}"),
        store.reader(NAME),
    ):
        pass


def test_a_waiting_reader_gets_in_when_the_holder_dies(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    acknowledged(other, 1)
    other.send_signal(signal.SIGKILL)
    with EdgeVectors(tmp_path, lock_timeout_s=10).reader(NAME) as reader:
        assert reader.count() > 0


def test_an_error_inside_releases_the_collection(store: EdgeVectors) -> None:
    with pytest.raises(ZeroDivisionError), store.writer(NAME):
        raise ZeroDivisionError
    with store.reader(NAME) as reader:
        assert reader.count() == 0


def test_a_killed_writer_loses_nothing_it_acknowledged(
    tmp_path: Path, store: EdgeVectors, other: subprocess.Popen[str]
) -> None:
    acknowledged(other, 300)
    other.send_signal(signal.SIGKILL)
    assert other.stdout is not None
    written = max([300, *map(int, other.stdout)])
    with EdgeVectors(tmp_path, lock_timeout_s=10).reader(NAME) as reader:
        ids = set(held(reader)["point_id"])
        (last,) = reader.fetch([point_id(written - 1)], vectors=True)
    assert ids >= {point_id(n) for n in range(written)}
    assert last.payload["page_no"] == written - 1
    assert last.dense["image"].shape == (4,)


def test_a_half_created_collection_does_not_exist_and_is_created_anew(
    tmp_path: Path, store: EdgeVectors
) -> None:
    left = tmp_path / "scratch" / "half" / "shard" / "segments"
    left.mkdir(parents=True)
    assert list(store.layouts()) == [NAME]
    store.create("half", LAYOUT)
    with store.reader("half") as reader:
        assert reader.count() == 0
    assert not (tmp_path / "scratch" / "half").exists()


def test_a_half_dropped_collection_does_not_exist(tmp_path: Path, store: EdgeVectors) -> None:
    (tmp_path / "collections" / NAME).rename(tmp_path / "scratch" / NAME)
    with pytest.raises(NotFoundError), store.reader(NAME):
        pass
    store.drop(NAME)
    assert not (tmp_path / "scratch" / NAME).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"spaces": 1}'])
def test_a_damaged_layout_names_its_file(tmp_path: Path, store: EdgeVectors, text: str) -> None:
    (tmp_path / "collections" / NAME / "layout.json").write_text(text)
    with pytest.raises(CorruptStateError, match=r"layout\.json.*index its domain again"):
        store.layouts()[NAME]


def test_a_damaged_layout_troubles_no_other_collection(tmp_path: Path, store: EdgeVectors) -> None:
    store.create("other", LAYOUT)
    (tmp_path / "collections" / NAME / "layout.json").unlink()
    assert store.layouts()["other"] == LAYOUT
    with pytest.raises(NotFoundError, match="other"), store.reader("third"):
        pass
    with pytest.raises(CorruptStateError), store.reader(NAME):
        pass


def test_a_collection_that_is_dropped_after_the_look_is_absent(store: EdgeVectors) -> None:
    seen = store.layouts()
    store.drop(NAME)
    assert NAME not in seen
    assert seen == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_a_damaged_alias_file_is_named(tmp_path: Path, store: EdgeVectors, text: str) -> None:
    (tmp_path / "aliases.json").write_text(text)
    with pytest.raises(CorruptStateError, match=r"aliases\.json.*delete it"):
        store.aliases()


def test_a_damaged_shard_is_named_with_the_way_out(tmp_path: Path, store: EdgeVectors) -> None:
    for config in (tmp_path / "collections" / NAME / "shard").rglob("segment.json"):
        config.write_text("{")
    with pytest.raises(CorruptStateError, match=f"{NAME}.*drop"), store.reader(NAME):
        pass


def test_the_alias_file_is_plain_json(tmp_path: Path, store: EdgeVectors) -> None:
    store.move_alias("mmragtest__shop", NAME)
    assert json.loads((tmp_path / "aliases.json").read_text()) == {"mmragtest__shop": NAME}
