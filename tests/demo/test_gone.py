"""What left the bucket while nobody told is looked at, and nothing else is."""

from datetime import UTC, datetime

import polars as pl
import pytest

from demo.gone import gone, tell_gone
from mmrag_pipeline.errors import ListingError
from mmrag_pipeline.schemas import TABLES
from mmrag_pipeline.stores.memory import MemoryTables
from mmrag_pipeline.testing.inbox import MemoryInbox
from mmrag_pipeline.testing.source import FakeSource
from tests.stores.samples import lineage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = ["a b.txt", "100%.txt", "100%25.txt", "naïve.txt", "+&?#.txt", "sub/a.txt"]


def indexed(domain: str, *keys: str) -> MemoryTables:
    """Return tables that name these files."""
    made = MemoryTables()
    rows = [
        {"file_id": key, "key": key, "uri": f"s3://b/corpus/{domain}/{key}", "indexed_at": NOW}
        for key in keys
    ]
    files = pl.DataFrame(rows, schema=TABLES["raw_files"])
    made.write(files, lineage("raw_files", files, domain))
    return made


def bucket(domain: str, *keys: str) -> FakeSource:
    """Return a bucket with these objects."""
    made = FakeSource()
    made.is_bucket = True
    for key in keys:
        made.put(domain, key, b"words")
    return made


def test_no_name_is_taken_for_gone_because_of_its_characters() -> None:
    assert gone(bucket("shop", *KEYS), indexed("shop", *KEYS)) == {}


@pytest.mark.parametrize("key", KEYS)
def test_what_is_gone_is_named_as_the_table_has_it(key: str) -> None:
    others = [other for other in KEYS if other != key]
    assert gone(bucket("shop", *others), indexed("shop", *KEYS)) == {"shop": [key]}


def test_a_domain_that_lost_its_last_object_is_gone_whole() -> None:
    assert gone(bucket("office"), indexed("shop", "a", "b")) == {"shop": ["a", "b"]}


def test_of_a_domain_that_cannot_be_listed_nothing_is_gone() -> None:
    source = bucket("shop")
    source.listing_error = ListingError("the bucket is locked")
    assert gone(source, indexed("shop", "a")) == {}


def test_runs_are_told_of_what_is_gone_and_the_bucket_is_left_alone() -> None:
    source, inbox = bucket("shop", "a"), MemoryInbox()
    assert tell_gone(source, indexed("shop", "a", "b"), inbox) == 1
    assert [event.key for event in inbox.pending("shop").events] == ["b"]
    assert list(source.files["shop"]) == ["a"]


def test_nothing_is_told_when_nothing_is_gone() -> None:
    inbox = MemoryInbox()
    assert tell_gone(bucket("shop", "a"), indexed("shop", "a"), inbox) == 0
    assert inbox.partitions() == []
