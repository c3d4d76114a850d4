"""Settings become stores and sources, without loading a model."""

from pathlib import Path

import pytest

from mmrag_pipeline import assembly
from mmrag_pipeline.errors import ListingError, ParseError, SettingsError
from mmrag_pipeline.index_places import tables_beside
from mmrag_pipeline.indexing.commit import no_rows
from mmrag_pipeline.parsing.query_pictures import open_pictures
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.sources import Sources, write_sources
from tests.stores.samples import lineage

_SERVED = {"qdrant_url": "http://index:6333"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a state folder of their own."""
    return Settings(home=tmp_path / "home", device="cpu")


def test_the_index_is_embedded_unless_a_server_is_set(settings: Settings) -> None:
    assert isinstance(assembly.open_vectors(settings), EdgeVectors)


def test_tables_that_tell_of_an_embedded_index_lie_beside_it(
    settings: Settings, tmp_path: Path
) -> None:
    shared = settings.model_copy(update={"state_root": str(tmp_path / "state")})
    for name in ("points", "collection", "failures.points", "failures.collection"):
        rows = no_rows(name)
        assembly.open_tables(shared).write(rows, lineage(name, rows))
    beside = {path.parent.name for path in settings.home.rglob("*.parquet")}
    assert beside == {"collection", "failures.collection"}


def test_a_server_and_an_embedded_index_on_one_state_have_their_own_record(
    settings: Settings,
) -> None:
    served = assembly.open_tables(settings.model_copy(update=_SERVED))
    for name in ("points", "collection"):
        rows = no_rows(name)
        assembly.open_tables(settings).write(rows, lineage(name, rows))
    assert served.partitions("points") != []
    assert served.partitions("collection") == []


def test_a_copy_from_server_to_server_leaves_the_record_of_the_first(settings: Settings) -> None:
    served = settings.model_copy(update=_SERVED)
    other = settings.model_copy(update={"qdrant_url": "http://other:6333"})
    rows = no_rows("collection")
    copied = tables_beside(served, other)
    copied.write(rows, lineage("collection", rows))
    assert copied.partitions("collection") != []
    assert assembly.open_tables(served).partitions("collection") == []


def test_a_source_root_stands_beside_the_known_sources(settings: Settings, tmp_path: Path) -> None:
    for domain in ("a/kitchen", "b/garden"):
        (tmp_path / domain).mkdir(parents=True)
    rooted = settings.model_copy(update={"source_root": str(tmp_path / "b")})
    source = assembly.open_source(rooted, Sources((tmp_path / "a",)))
    assert source.domains() == ["garden", "kitchen"]


def test_a_source_root_can_be_one_domain(settings: Settings, tmp_path: Path) -> None:
    whole = {"source_root": str(tmp_path), "source_domain": "scans"}
    source = assembly.open_source(settings.model_copy(update=whole), Sources())
    assert source.domains() == ["scans"]


def test_a_world_reads_the_sources_that_were_indexed_before(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "root" / "garden").mkdir(parents=True)
    write_sources(settings.home, Sources((tmp_path / "root",)))
    with assembly.open_world(settings) as world:
        assert world.source.domains() == ["garden"]


def test_a_source_that_is_gone_is_not_an_empty_one(settings: Settings, tmp_path: Path) -> None:
    source = assembly.open_source(settings, Sources((tmp_path / "gone",)))
    with pytest.raises(ListingError, match="could not be listed"):
        source.domains()


def test_a_query_picture_over_the_size_limit_is_not_read(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "big.png").write_bytes(b"x" * 11)
    small = settings.model_copy(update={"max_file_bytes": 10})
    with pytest.raises(ParseError, match="MMRAG_MAX_FILE_BYTES=10"):
        _read(small, tmp_path / "big.png")


def test_a_gate_reads_the_judgements_of_trec(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "q.topics").write_text("1\ta red cup\n")
    qrels = tmp_path / "q.qrels"
    qrels.write_text("1 0 cup.txt 2\n")
    assembly.check_gate(settings.model_copy(update={"gate_queries": qrels}))
    qrels.write_text("2 0 cup.txt 2\n")
    with pytest.raises(SettingsError, match=r"MMRAG_GATE_QUERIES: .*q.qrels, line 1: topic '2'"):
        assembly.check_gate(settings.model_copy(update={"gate_queries": qrels}))


@pytest.mark.parametrize("name", ["absent.png", ".", "x" * 5_000, "a\0b"])
def test_a_query_picture_that_cannot_be_read_is_named(settings: Settings, name: str) -> None:
    with pytest.raises(ParseError, match="cannot be read"):
        _read(settings, Path(name))


def _read(settings: Settings, path: Path) -> Pixels:
    with open_pictures(settings) as read:
        return read(path)
