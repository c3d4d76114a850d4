"""Purging a file takes its name out of messages that others share, and no other message."""

import polars as pl
import pytest

from tests.indexing.life import DOMAIN, Life
from tests.indexing.purging import purged

_GONE = "it told of a file that was purged"


@pytest.mark.parametrize(
    ("key", "message", "after"),
    [
        ("a", "a picture that ends too early: 'b'", "a picture that ends too early: 'b'"),
        ("1.jpg", "'11.jpg' ends too early", "'11.jpg' ends too early"),
        ("1.jpg", "'1.jpg' ends too early", _GONE),
        ("a", "'a' ends too early", _GONE),
    ],
)
def test_only_messages_that_name_the_file_forget_it(key: str, message: str, after: str) -> None:
    life = Life()
    life.put(**{key: "bad", "copy": "bad"})
    life.run()
    held = life.state.tables.read("failures.pages", DOMAIN)
    lineage = life.state.tables.lineage("failures.pages", DOMAIN)
    assert held is not None
    assert lineage is not None
    life.state.tables.write(held.with_columns(message=pl.lit(message)), lineage)
    purged(life, key)
    left = life.state.tables.read("failures.pages", DOMAIN)
    assert left is not None
    assert left["message"].to_list() == [after]
