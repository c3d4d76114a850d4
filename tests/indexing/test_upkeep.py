"""Upkeep drops what is old and needed by nobody, and nothing else."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.indexing.checks import judge_vectors
from mmrag_pipeline.indexing.upkeep import Tidied, keep_small
from mmrag_pipeline.keepers import Keep, MemoKeeper
from mmrag_pipeline.stores.memory import MemoryMemo, MemoryTables
from mmrag_pipeline.testing.frail import Killed
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.worlds import State
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import keeper_of

SOON, LATER = timedelta(seconds=60), timedelta(days=100)


class Unreadable(MemoryTables):
    """Tables that are damaged."""

    def read(self, table: str, partition: str) -> pl.DataFrame | None:
        """Raise."""
        raise CorruptStateError("damaged")

    def partitions(self, table: str) -> list[str]:
        """Return one."""
        return [DOMAIN]


def _life() -> Life:
    """Return a life in which a picture was edited and a model exchanged."""
    life = Life()
    life.put(a="img:1@150x100", b="txt:some words")
    life.run()
    life.put(a="img:2@150x100")
    life.change_model("captioner", "2")
    life.run()
    life.ledger = Ledger()
    return life


def _upkeep(life: Life, wait: timedelta) -> list[Tidied]:
    """Keep the memo small, so long after its entries were written."""
    life.now = datetime.fromtimestamp(time.time(), UTC) + wait
    return keep_small(life.world(), keeper_of(life), keep_days=90)


def test_old_entries_that_nothing_refers_to_are_dropped() -> None:
    kept = _upkeep(_life(), LATER)
    dropped = {k.station for k in kept if k.dropped}
    assert dropped >= {"pages", "ocr", "captions", "image_vectors", "chunks"}


def test_young_entries_stay_so_that_a_rollback_costs_nothing() -> None:
    life = _life()
    assert sum(k.dropped for k in _upkeep(life, SOON)) == 0
    life.put(a="img:1@150x100")
    life.change_model("captioner", "1")
    life.run()
    assert life.ledger.calls() == 0


def test_what_tables_refer_to_stays_whatever_its_age_and_model() -> None:
    life = _life()
    before = life.index()
    _upkeep(life, LATER)
    life.run(force=True)
    assert (life.ledger.calls(), life.index()) == (0, before)


def test_what_an_earlier_model_made_of_a_page_of_now_stays() -> None:
    life = Life()
    life.put(a="img:1@150x100")
    life.run()
    life.change_model("ocr", "2")
    life.run()
    _upkeep(life, LATER)
    life.change_model("ocr", "1")
    life.ledger = Ledger()
    life.run()
    assert life.ledger.calls("ocr") == 0


def test_small_files_are_merged_and_entries_counted() -> None:
    kept = _upkeep(_life(), SOON)
    pages = next(k for k in kept if k.station == "pages")
    assert (pages.entries, pages.merged, pages.dropped) == (3, 1, 0)


def test_vectors_count_as_checked_only_while_all_of_them_are_there() -> None:
    days = 0.0
    life = Life(state=State(memo=MemoryMemo(lambda: time.time_ns() + int(days * 86_400e9))))
    life.put(a="img:1@150x100")
    life.run()
    days = 95.0
    assert judge_vectors(life.world(), "image_vectors", DOMAIN).passed
    kept = _upkeep(life, LATER)
    assert _entries(kept, "sound_vectors") == _entries(kept, "image_vectors") > 0
    life.put(a="img:2@150x100")
    life.run()
    assert _entries(_upkeep(life, LATER), "sound_vectors") == 0


def _entries(kept: list[Tidied], station: str) -> int:
    return next(k.entries for k in kept if k.station == station)


def test_a_station_that_nobody_knows_is_left_alone() -> None:
    life = _life()
    keeper_of(life).append("sounds", "f1", DOMAIN, pl.DataFrame({"key": ["a"]}))
    assert "sounds" not in {k.station for k in _upkeep(life, LATER)}
    assert ("sounds", "f1") in keeper_of(life).shelves()


def test_a_table_that_cannot_be_read_stops_it_before_anything_goes() -> None:
    life = _life()
    with pytest.raises(CorruptStateError):
        keep_small(replace(life.world(), tables=Unreadable()), keeper_of(life), keep_days=0)
    life.run(force=True)
    assert life.ledger.calls() == 0


def test_proofs_go_before_their_vectors_so_that_an_upkeep_that_dies_leaves_none() -> None:
    life = Life()
    life.put(a="img:1@150x100")
    life.run()
    assert judge_vectors(life.world(), "image_vectors", DOMAIN).passed
    life.put(a="img:2@150x100")
    life.run()
    life.now = datetime.fromtimestamp(time.time(), UTC) + LATER
    mortal: Any = Mortal(keeper_of(life), "image_vectors")
    with pytest.raises(Killed):
        keep_small(life.world(), mortal, keep_days=90)
    life.put(a="img:1@150x100")
    life.run()
    assert judge_vectors(life.world(), "image_vectors", DOMAIN).counts["read_before"] == 0


@dataclass
class Mortal:
    """A keeper that is killed when it has dropped entries of a station."""

    inner: MemoKeeper
    station: str

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def retain(self, station: str, fingerprint: str, keep: Keep) -> int:
        dropped = self.inner.retain(station, fingerprint, keep)
        if station == self.station:
            raise Killed
        return dropped
