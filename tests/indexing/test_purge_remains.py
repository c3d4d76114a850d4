"""A purge's receipt tells what was the file's own from what belonged to no file any more."""

import polars as pl

from mmrag_pipeline.testing.frail import Fuse
from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import Keeper, answered, keeper_of, purged, request


def _life() -> Life:
    """Return a life in which a file beside the secret one was edited."""
    life = Life()
    life.put(secret="pdf:p|=a layer of words", other="img:1")
    life.run()
    life.put(other="img:2")
    life.run()
    return life


def test_remains_of_other_files_are_counted_apart() -> None:
    removed = purged(_life(), "secret").removed
    assert removed["memo/pages"] == removed["unreferenced/pages"] == 1
    assert removed["memo/text_vectors"] > 0
    assert removed["unreferenced/ocr"] == 1


def test_what_a_copy_still_needs_is_in_neither_count() -> None:
    life = _life()
    life.put(copy="pdf:p|=a layer of words")
    life.run()
    removed = purged(life, "secret").removed
    assert [place for place in removed if place.startswith("memo/")] == []
    assert removed["unreferenced/pages"] == 1


def test_an_earlier_version_of_the_file_belongs_to_no_file_any_more() -> None:
    life = _life()
    life.put(secret="img:9")
    life.run()
    removed = purged(life, "secret").removed
    assert (removed["memo/pages"], removed["unreferenced/pages"]) == (1, 2)


def test_remains_of_others_are_not_taken_for_the_file() -> None:
    receipt = purged(_life(), "never there")
    assert receipt.removed["unreferenced/pages"] == 1
    assert not receipt.held_anything


def test_what_is_left_is_told_apart_as_well() -> None:
    life = _life()
    stubborn = Keeper(keeper_of(life), Fuse(0), stubborn=True)
    left = answered(life, request("secret"), keeper=stubborn).left
    assert (left["memo/pages"], left["unreferenced/pages"]) == (1, 1)


def test_what_nobody_here_knows_counts_as_the_files_own() -> None:
    life = _life()
    keeper_of(life).append("sounds", "f1", DOMAIN, pl.DataFrame({"key": ["a", "b"]}))
    assert purged(life, "secret").left == {"memo/sounds": 2}
