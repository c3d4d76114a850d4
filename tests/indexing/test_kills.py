"""A process that dies at any commit of a run leaves nothing that the next run cannot mend."""

import pytest

from mmrag_pipeline.testing.frail import Fuse
from tests.indexing.life import DOMAIN, Life

_STRIDE = 5


def _changed() -> Life:
    """Return a life in which much has changed since its last run."""
    life = Life()
    life.put(a="img:1", b="txt:some words", c="pdf:p|q", d="slow", e="bad")
    life.run()
    life.put(a="img:2", c="pdf:p|r@150x100|!", f="img:3")
    life.source.move(DOMAIN, "b", "moved")
    life.change_model("captioner", "2")
    life.change_model("image_text", "2")
    life.show_to("staff")
    return life


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("first", range(1, _STRIDE + 1))
def test_a_run_that_died_at_any_commit_is_mended_by_the_next(first: int, late: bool) -> None:
    at, died = first, True
    while died:
        life = _changed()
        died = life.run_until(Fuse(at, late=late))
        life.run()
        assert life.index() == life.rebuild()[0]
        at += _STRIDE


@pytest.mark.parametrize("at", range(1, 16))
def test_a_retry_whose_run_died_half_way_is_not_lost(at: int) -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    locked_when_parsed = Fuse(2, lambda: life.source.forbid(DOMAIN, "a"))
    life.run_until(locked_when_parsed)
    life.source.allow(DOMAIN, "a")
    life.run_until(Fuse(at, late=True))
    life.run()
    assert life.index() == life.rebuild()[0]


def test_a_change_that_died_half_applied_and_was_taken_back_leaves_no_trace() -> None:
    died, at = True, 0
    while died:
        at += 1
        life = Life()
        life.put(a="img:1", b="img:2")
        life.run()
        life.put(a="img:3", b="img:4")
        died = life.run_until(Fuse(at, late=True))
        life.put(a="img:1", b="img:2")
        life.run()
        assert life.index() == life.rebuild()[0]
