"""Copies: the same content under other keys, in any domain."""

from mmrag_pipeline.ids import file_id
from mmrag_pipeline.indexing.copies import Copies, contents_of, copies_of
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.stores.memory import MemoryTables
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import purged


def _life() -> Life:
    """Return a life with one content under three keys of two domains, beside others."""
    life = Life()
    life.put(secret="img:1", copy="img:1", other="img:2")
    life.source.put("e", "copy", b"img:1")
    life.source.put("e", "none", b"img:3")
    life.run()
    run_partition(life.world(), "e", Mode("e"))
    return life


def _copies(catalog: TableCatalog, *keys: str) -> Copies:
    """Return the copies of files of DOMAIN."""
    asked = {DOMAIN: [file_id(DOMAIN, key) for key in keys]}
    return copies_of(catalog, contents_of(catalog, asked), besides=asked)


def test_copies_are_found_in_every_domain() -> None:
    catalog = _life().state.tables
    assert _copies(catalog, "secret").keys == {DOMAIN: ["copy"], "e": ["copy"]}


def test_the_asked_files_are_no_copies_of_each_other() -> None:
    assert _copies(_life().state.tables, "secret", "copy").keys == {"e": ["copy"]}


def test_a_content_of_its_own_has_no_copies() -> None:
    assert _copies(_life().state.tables, "other", "absent").keys == {}


def test_without_tables_none_is_known() -> None:
    assert _copies(MemoryTables(), "secret").keys == {}


def test_files_that_could_not_be_read_are_no_copies_of_each_other() -> None:
    life = Life()
    life.put(one="img:1", two="img:2")
    life.source.forbid(DOMAIN, "one")
    life.source.forbid(DOMAIN, "two")
    life.run()
    assert _copies(life.state.tables, "one").keys == {}


def test_a_receipt_names_the_copies_that_stay() -> None:
    assert purged(_life(), "secret").copies == {DOMAIN: ("copy",), "e": ("copy",)}
    assert purged(_life(), "other").copies == {}
