"""Two runs of one partition at once: whatever they leave, one more run makes it right."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.testing.frail import Fuse, frail
from tests.indexing.histories import Event, all_readable, file_events, histories, setting_events
from tests.indexing.life import DOMAIN, Life


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


@settings(max_examples=12, deadline=None)
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
