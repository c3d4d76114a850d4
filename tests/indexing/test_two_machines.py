"""Two machines change one table at once: neither update is lost, wherever the tables lie."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mmrag_pipeline.errors import OvertakenError
from mmrag_pipeline.indexing.purge_request import files_of
from mmrag_pipeline.indexing.purged_tables import cut_tables
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.tombstones import bury, lift, tombstones
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.ports import Inbox, Replaces
from mmrag_pipeline.records import Event, Lineage
from mmrag_pipeline.schemas import FAILURES
from mmrag_pipeline.stores.blobs import Blobs
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.s3_blobs import S3Blobs
from mmrag_pipeline.stores.tables import ParquetTables
from mmrag_pipeline.testing.inbox import MemoryInbox
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(slots=True)
class Meanwhile:
    """Tables that let something happen just before one of them is written, the first times."""

    inner: TableCatalog
    table: str
    acts: list[Callable[[], object]] = field(default_factory=list)

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        return self.inner.read(table, partition)

    def batches(
        self, table: str, partition: str, columns: Sequence[str]
    ) -> Iterator[pl.DataFrame] | None:
        return self.inner.batches(table, partition, columns)

    def write(
        self, frame: pl.DataFrame, lineage: Lineage, *, replaces: Replaces = "anything"
    ) -> None:
        if lineage.table == self.table and self.acts:
            self.acts.pop(0)()
        self.inner.write(frame, lineage, replaces=replaces)

    def lineage(self, table: str, partition: str) -> Lineage | None:
        return self.inner.lineage(table, partition)

    def partitions(self, table: str) -> list[str]:
        return self.inner.partitions(table)

    def drop(self, table: str, partition: str) -> None:
        self.inner.drop(table, partition)


@pytest.fixture(params=["memory", "folder", "bucket"])
def life(request: pytest.FixtureRequest) -> Life:
    """Give a partition of three indexed files whose tables lie in one of the places."""
    places: dict[str, Callable[[], TableCatalog]] = {
        "memory": MemoryTables,
        "folder": lambda: ParquetTables(_folder(request.getfixturevalue("tmp_path"))),
        "bucket": lambda: ParquetTables(
            _bucket(request.getfixturevalue("s3"), request.getfixturevalue("bucket"))
        ),
    }
    made = Life(state=State(tables=places[request.param]()))
    made.put(a="img:1", b="img:2", c="text:three")
    made.run()
    return made


def test_files_that_two_machines_find_at_once_are_both_kept(life: Life) -> None:
    life.put(here="img:5")
    world = _meanwhile(life, "raw_files", lambda: _other(life, "there"))
    _told(world.inbox, "here")
    run_partition(world, DOMAIN, _EVENTS)
    assert life.index() == life.rebuild()[0]


def test_the_first_tables_of_two_machines_do_not_hide_each_other() -> None:
    life = Life()
    world = _meanwhile(life, "raw_files", lambda: _other(life, "there"))
    run_partition(world, DOMAIN, Mode("first"))
    assert life.index() == life.rebuild()[0]


def test_a_run_that_is_always_overtaken_ends_and_overwrites_nothing(life: Life) -> None:
    life.put(here="img:5")
    names = [f"there{number}" for number in range(5)]
    world = _meanwhile(life, "raw_files", *(partial(_other, life, name) for name in names))
    _told(world.inbox, "here")
    with pytest.raises(OvertakenError, match="run again"):
        run_partition(world, DOMAIN, _EVENTS)
    held = life.state.tables.read("raw_files", DOMAIN)
    assert held is not None
    assert held["key"].to_list() == ["a", "b", "c", *names]


def test_an_unread_file_whose_failure_was_overwritten_is_looked_at_again(life: Life) -> None:
    life.put(late="img:6")
    life.source.forbid(DOMAIN, "late")
    life.run()
    held = life.state.tables.lineage("failures.raw_files", DOMAIN)
    assert held is not None
    life.state.tables.write(FAILURES.to_frame(), replace(held, rows=0))
    life.source.allow(DOMAIN, "late")
    life.run(events=True)
    assert life.index() == life.rebuild()[0]


def test_files_that_two_machines_purge_at_once_are_both_kept_out(life: Life) -> None:
    world = _meanwhile(life, "tombstones", lambda: _bury(life.world(), "there"))
    _bury(world, "here")
    assert _buried(life) == ["here", "there"]


def test_a_tombstone_that_is_set_while_another_is_lifted_stays(life: Life) -> None:
    _bury(life.world(), "old")
    world = _meanwhile(life, "tombstones", lambda: _bury(life.world(), "there"))
    assert lift(world, DOMAIN, ["old"]) == ["old"]
    assert _buried(life) == ["there"]


def test_a_purge_does_not_overwrite_what_another_machine_found(life: Life) -> None:
    world = _meanwhile(life, "raw_files", lambda: _other(life, "there"))
    with pytest.raises(OvertakenError):
        cut_tables(world, DOMAIN, files_of(DOMAIN, ["a"]), run_id="purge")
    assert life.index() == life.rebuild()[0]
    assert cut_tables(world, DOMAIN, files_of(DOMAIN, ["a"]), run_id="purge")["raw_files"] == 1


_EVENTS = Mode("here", events=True)


def _folder(path: Path) -> Blobs:
    return FolderBlobs(path)


def _bucket(s3: "S3Client", bucket: str) -> Blobs:
    return S3Blobs(lambda: s3, S3Place(bucket, "state/"))


def _meanwhile(life: Life, table: str, *acts: Callable[[], object]) -> World:
    """Return the world of one machine, whose events are its own; others act when it writes."""
    tables = Meanwhile(life.state.tables, table, list(acts))
    return replace(life.world(), tables=tables, inbox=MemoryInbox())


def _told(inbox: Inbox, key: str) -> None:
    inbox.put({DOMAIN: [Event(key, "1", "ObjectCreated:Put", AT)]})


def _other(life: Life, key: str) -> None:
    """Let another machine find a new file."""
    life.put(**{key: f"img:{len(key)}"})
    _told(life.state.inbox, key)
    life.run(events=True)


def _bury(world: World, file: str) -> None:
    bury(world, DOMAIN, [file], at=AT, receipt=file)


def _buried(life: Life) -> list[str]:
    return tombstones(life.world(), DOMAIN)["file_id"].to_list()
