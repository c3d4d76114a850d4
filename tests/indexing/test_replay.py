"""A replay tries again what failed for good, pages of a file included."""

from dataclasses import replace

from mmrag_pipeline.indexing.contents import content_key
from mmrag_pipeline.indexing.pages import shelf
from mmrag_pipeline.indexing.parsed import best_parses
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import ParsedFile
from mmrag_pipeline.testing.reader import FakeReader
from mmrag_pipeline.testing.snapshot import index_points
from mmrag_pipeline.testing.worlds import rebuilt
from tests.indexing.life import DOMAIN, Life


class _Learning(FakeReader):
    """Reads some more of the pages that it could not read before."""

    def __init__(self) -> None:
        super().__init__()
        self.learned = 0

    def parse_file(self, data: bytes, media_type: str) -> ParsedFile:
        """Parse the file as if so many of its damaged pages were texts."""
        return super().parse_file(data.replace(b"!", b"=now it reads", self.learned), media_type)


def _world() -> tuple[World, _Learning]:
    life, reader = Life(), _Learning()
    life.put(a="pdf:p|!|!")
    return replace(life.world(), reader=reader), reader


def _pages(world: World, mode: str) -> Outcome:
    done = run_partition(world, DOMAIN, Mode(mode, replay=mode == "replay", force=mode == "force"))
    return next(outcome for outcome in done if outcome.station == "pages")


def test_a_replay_parses_files_with_unreadable_pages_again() -> None:
    world, reader = _world()
    _pages(world, "first")
    assert _pages(world, "replay").computed == 1
    assert reader.parsed == 2


def test_a_replay_that_gets_no_further_leaves_the_index_as_it_is() -> None:
    world, _ = _world()
    _pages(world, "first")
    before = index_points(world, DOMAIN)
    assert _pages(world, "replay").failed == 1
    assert index_points(world, DOMAIN) == before


def test_a_replay_that_gets_no_further_is_not_remembered() -> None:
    world, _ = _world()
    for _ in range(3):
        _pages(world, "replay")
    files = world.tables.read("raw_files", DOMAIN)
    assert files is not None
    contents = files.select(key=content_key())["key"]
    parses = best_parses(world, shelf(world), contents)
    assert parses["memo_key"].to_list() == contents.to_list()


def test_pages_that_became_readable_are_kept_from_replay_to_replay() -> None:
    world, reader = _world()
    rows = []
    for learned in (0, 1, 2):
        reader.learned = learned
        rows.append(_pages(world, "replay").rows)
    assert rows == [1, 2, 3]
    assert _pages(world, "force").computed == 0
    assert _pages(world, "force").rows == 3


def test_after_a_replay_the_index_is_that_of_a_rebuild() -> None:
    world, reader = _world()
    _pages(world, "first")
    reader.learned = 1
    _pages(world, "replay")
    fresh = rebuilt(world)
    _pages(fresh, "rebuild")
    assert index_points(world, DOMAIN) == index_points(fresh, DOMAIN)
