"""Two runs of one partition at once: whatever they leave, one more run makes it right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import MmragError, OvertakenError
from mmrag_pipeline.indexing import pages, raw_files, tiles, vision
from mmrag_pipeline.indexing.failures import failures_of
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.ports import Memo
from mmrag_pipeline.testing.frail import Fuse, frail
from tests.indexing.histories import Event, all_readable, file_events, histories, setting_events
from tests.indexing.life import DOMAIN, Life
from tests.indexing.test_two_machines import Meanwhile


def _overlap(life: Life, at: int, meanwhile: list[Event]) -> None:
    """Start a run; at its commit `at` the world changes and a second run goes all the way."""

    def second() -> None:
        for _, happen in meanwhile:
            happen(life)
        try:
            life.run()
        except MmragError:
            return

    world = life.world(state=frail(life.state, Fuse(at, second)))
    try:
        run_partition(world, DOMAIN, Mode("first"))
    except MmragError:
        return


@settings(max_examples=12)
@given(
    histories(file_events, setting_events, size=3),
    st.integers(1, 45),
    st.lists(st.one_of(file_events, setting_events), max_size=3),
)
def test_overlapping_runs_end_in_the_index_of_a_rebuild(
    before: list[Event], at: int, meanwhile: list[Event]
) -> None:
    life = Life()
    for _, happen in before:
        happen(life)
    _overlap(life, at, meanwhile)
    all_readable(life)
    life.run()
    assert life.index() == life.rebuild()[0]


TABLES = ("raw_files", "pages", "tiles", "ocr", "captions", "chunks", "text_vectors", "points")


@settings(max_examples=25)
@given(
    histories(file_events, size=3),
    st.sampled_from([*TABLES, *map(failures_of, TABLES)]),
    st.lists(file_events, min_size=1, max_size=3),
)
def test_the_run_that_began_first_never_has_the_last_word(
    before: list[Event], table: str, meanwhile: list[Event]
) -> None:
    life = Life()
    for _, happen in [*before, ("readable", all_readable)]:
        happen(life)

    def second() -> None:
        for _, happen in [*meanwhile, ("readable", all_readable)]:
            happen(life)
        life.run()

    tables = Meanwhile(life.state.tables, table, [second])
    run_partition(life.world(state=replace(life.state, tables=tables)), DOMAIN, Mode("first"))
    assert life.index() == life.rebuild()[0]


@dataclass
class Remembering:
    """A memo that lets something happen before the first results of a station are kept."""

    inner: Memo
    station: str
    acts: list[Callable[[], object]]

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def append(self, station: str, fingerprint: str, partition: str, rows: pl.DataFrame) -> None:
        if station == self.station and self.acts:
            self.acts.pop()()
        self.inner.append(station, fingerprint, partition, rows)


def test_a_change_that_is_taken_back_meanwhile_leaves_nothing_of_it() -> None:
    life = Life()
    life.put(a="txt:one")
    life.run()
    life.put(a="txt:two")

    def second() -> None:
        life.put(a="txt:one")
        life.run()

    memo: Any = Remembering(life.state.memo, "text_vectors", [second])
    run_partition(life.world(state=replace(life.state, memo=memo)), DOMAIN, Mode("first"))
    assert life.index() == life.rebuild()[0]


def test_a_page_is_not_drawn_from_what_its_file_holds_by_now() -> None:
    life = Life()
    life.put(a="img:1")
    for step in (raw_files.STEP, pages.STEP, tiles.STEP):
        run_step(life.world(), step, DOMAIN, mode=Mode("first"))
    life.put(a="img:2")
    run_step(life.world(), raw_files.STEP, DOMAIN, mode=Mode("second"))
    with pytest.raises(OvertakenError, match="'pages' of 'd' was made from another 'raw_files'"):
        run_step(life.world(), vision.STEP, DOMAIN, mode=Mode("first"))
    life.put(a="img:1")
    life.run()
    assert life.index() == life.rebuild()[0]
