"""A purge of many domains that died anywhere is completed by asking for any of its named files."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import partial

import polars as pl
import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.copies import contents_of, copies_of
from mmrag_pipeline.indexing.purge import purge
from mmrag_pipeline.indexing.purge_request import Files, Request, files_of, merged
from mmrag_pipeline.indexing.receipts import Receipt, ended_by, moment_of
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.indexing.tombstones import bury
from mmrag_pipeline.indexing.unended import Unended, unended
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import AT, Free, Keeper, keeper_of, keys_in, purged

OTHER = "e"
ASKED: dict[str, Files] = {DOMAIN: files_of(DOMAIN, ["secret"])}
COPY: dict[str, Files] = {OTHER: files_of(OTHER, ["copy"])}


class Unreadable(MemoryTables):
    """Tables of which those of one domain cannot be read."""

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Return a table; raises CorruptStateError for the one domain."""
        if partition == OTHER:
            raise CorruptStateError("damaged")
        return super().read(table, partition)


def _life() -> Life:
    """Return a life with one content in two domains, beside another file in each."""
    life = Life()
    life.put(secret="img:1", other="img:2")
    life.source.put(OTHER, "copy", b"img:1")
    life.source.put(OTHER, "none", b"img:3")
    life.run()
    run_partition(life.world(), OTHER, Mode(OTHER))
    return life


def _left(life: Life, receipts: Sequence[Receipt]) -> Unended:
    told = ended_by([receipt.as_json() for receipt in receipts])
    return unended(life.state.tables, ASKED, told)


def _purge(life: Life, receipts: list[Receipt], fuse: Fuse) -> bool:
    """Purge the secret and its copies as a command does; return whether that was killed."""
    left = _left(life, receipts)
    tables = life.state.tables
    found = copies_of(tables, contents_of(tables, ASKED), besides=ASKED)
    copies = {name: files_of(name, keys) for name, keys in found.keys.items()}
    at = left.since or AT + timedelta(days=len(receipts))
    asked = Request(ASKED, "", "", at, "", along=merged(left.files, copies))
    world = life.world(state=frail(life.state, fuse))
    try:
        for receipt in purge(world, Keeper(keeper_of(life), fuse), asked, guard=Free()):
            fuse.commit(partial(receipts.append, receipt))
    except Killed:
        return True
    return False


def test_one_that_died_after_any_commit_is_completed_in_every_domain() -> None:
    before, at, died = _life(), 0, True
    while died:
        at += 1
        life, receipts = deepcopy(before), list[Receipt]()
        died = _purge(life, receipts, Fuse(at, late=True))
        assert not _purge(life, receipts, Fuse(0))
        assert keys_in(life, "mmrag__d__g1") == {"other"}
        assert keys_in(life, "mmrag__e__g1") == {"none"}
        assert _left(life, receipts).since is None
    assert at > 20


def test_tombstones_of_all_domains_stand_before_anything_goes() -> None:
    life = _life()
    purge(life.world(), keeper_of(life), Request(ASKED, "", "", AT, "", along=COPY), guard=Free())
    assert _left(life, []) == Unended({OTHER: dict.fromkeys(COPY[OTHER])}, since=AT, unread={})
    assert keys_in(life, "mmrag__d__g1") == {"secret", "other"}


def test_a_purge_that_ended_leaves_nothing_to_do() -> None:
    life = _life()
    assert _left(life, [purged(life, "secret")]) == Unended({}, since=None, unread={})


def test_an_incomplete_receipt_ends_no_purge() -> None:
    life = _life()
    receipt = replace(purged(life, "secret"), left={"memo/ocr": 1})
    assert _left(life, [receipt]).since == AT


def test_a_domain_that_cannot_be_read_is_named_and_hides_no_other() -> None:
    life, tables = _life(), Unreadable()
    vars(tables).update(vars(life.state.tables))
    life.state = replace(life.state, tables=tables)
    receipt = purged(life, "secret")
    assert receipt.unread.keys() == {"copies/e", "memo"}
    assert not receipt.complete
    assert keys_in(life, "mmrag__d__g1") == {"other"}
    assert unended(tables, ASKED, ()).unread == {}


def test_two_purges_whose_tombstones_were_half_renewed_are_still_found() -> None:
    life, later = _life(), AT + timedelta(days=1)
    named: dict[str, Files] = {DOMAIN: files_of(DOMAIN, ["secret", "other"])}
    secret, other = named[DOMAIN]
    bury(life.world(), DOMAIN, [secret], at=AT, receipt=moment_of(AT))
    bury(life.world(), DOMAIN, [other], at=later, receipt=moment_of(later))
    bury(life.world(), OTHER, COPY[OTHER], at=later, receipt=moment_of(later))
    along = unended(life.state.tables, named, ()).files
    world = life.world(state=frail(life.state, Fuse(1, late=True)))
    with pytest.raises(Killed):
        purge(world, keeper_of(life), Request(named, "", "", AT, "", along=along), guard=Free())
    assert unended(life.state.tables, named, ()).files == {OTHER: dict.fromkeys(COPY[OTHER])}
