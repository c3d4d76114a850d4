"""raw_files names the version of each object that was read, where its bucket keeps versions."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.explain import explain
from mmrag_pipeline.stores.folder_blobs import FolderBlobs
from mmrag_pipeline.stores.tables import METADATA_KEY, ParquetTables
from mmrag_pipeline.testing.snapshot import index_points
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life


@pytest.fixture
def life() -> Life:
    """Give two indexed files of a bucket that keeps versions."""
    made = Life()
    made.source.keeps_versions = True
    made.put(a="img:1", b="img:2")
    made.run()
    return made


def test_the_version_that_was_read_is_kept(life: Life) -> None:
    assert _versions(life) == {"a": "version 1", "b": "version 2"}


def test_a_source_without_versions_has_none() -> None:
    life = Life()
    life.put(a="img:1")
    life.run()
    assert _versions(life) == {"a": None}


@pytest.mark.parametrize("events", [True, False])
def test_an_unchanged_file_keeps_its_version_unread(life: Life, events: bool) -> None:
    life.put(a="img:3")
    life.source.opened.clear()
    life.run()
    life.run(events=events)
    assert _versions(life) == {"a": "version 3", "b": "version 2"}
    assert life.source.opened["b"] == 0


def test_the_same_bytes_put_again_are_another_version(life: Life) -> None:
    life.source.touch(DOMAIN, "a")
    life.run()
    assert _versions(life)["a"] == "version 3"


def test_content_that_is_kept_while_a_file_is_unreadable_keeps_its_version(life: Life) -> None:
    life.put(a="img:3")
    life.source.forbid(DOMAIN, "a")
    life.run()
    assert _versions(life)["a"] == "version 1"


def test_a_file_that_is_read_where_versions_are_kept_no_more_has_none(life: Life) -> None:
    life.source.keeps_versions = False
    life.put(a="img:3")
    life.run()
    assert _versions(life) == {"a": None, "b": "version 2"}


def test_versions_are_no_part_of_points(life: Life) -> None:
    points = life.index()[0]
    life.source.keeps_versions = False
    assert life.rebuild()[0][0] == points


def test_a_point_is_explained_by_the_version_of_its_file(life: Life) -> None:
    points = life.state.tables.read("points", DOMAIN)
    assert points is not None
    found = explain(life.world(), DOMAIN, str(points["point_id"][0]))
    assert found.file.version == {"a": "version 1", "b": "version 2"}[found.file.key]


def test_a_table_from_before_versions_keeps_what_it_knows(tmp_path: Path) -> None:
    life = Life(state=State(tables=ParquetTables(FolderBlobs(tmp_path))))
    life.settings = life.settings.model_copy(update={"ttl_days": {"*": 30}, "ttl_by": "indexed"})
    life.put(a="img:1", b="txt:words")
    life.run()
    _without_versions(tmp_path / "tables" / "raw_files" / f"{DOMAIN}.parquet")
    life.now += timedelta(days=20)
    life.source.keeps_versions = True
    life.run()
    assert _versions(life) == {"a": None, "b": None}
    life.now += timedelta(days=20)
    assert life.run()["raw_files"].changes["expired"] == 2


def test_a_damaged_table_of_files_is_not_taken_for_none(tmp_path: Path) -> None:
    life = Life(state=State(tables=ParquetTables(FolderBlobs(tmp_path))))
    life.put(a="img:1", b="txt:words")
    life.run()
    points = life.index()[0]
    damaged = tmp_path / "tables" / "raw_files" / f"{DOMAIN}.parquet"
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(CorruptStateError, match="a backup is better"):
        life.run()
    assert index_points(life.world(), DOMAIN) == points


def _without_versions(path: Path) -> None:
    told = pl.read_parquet_metadata(path)[METADATA_KEY]
    pl.read_parquet(path).drop("version").write_parquet(path, metadata={METADATA_KEY: told})


def _versions(life: Life) -> dict[str, str | None]:
    held = life.state.tables.read("raw_files", DOMAIN)
    assert held is not None
    return dict(held.select("key", "version").iter_rows())
