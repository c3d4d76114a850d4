"""A domain's name fits wherever it is used: folders, files, collections and aliases."""

import uuid
from typing import get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import (
    NAMESPACE,
    canonical_json,
    check_partition,
    collection_name,
    point_ids,
)
from mmrag_pipeline.records import PointKind
from mmrag_pipeline.stores.names import check_collection


@pytest.mark.parametrize("name", ["_", "_a", "a_", "a__b", "", ".", "..", "a/b", "a\0", "a...b"])
def test_a_name_that_some_store_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot name a domain"):
        check_partition(name)


@pytest.mark.parametrize("name", ["a" * 81, "\u6587" * 47, "\U00020000" * 36])
def test_a_name_that_is_too_long_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="140 bytes"):
        check_partition(name)


@given(st.text(st.characters(categories=["L", "N"]) | st.sampled_from("-_. &@#"), max_size=80))
def test_every_usable_name_makes_a_usable_collection(name: str) -> None:
    try:
        check_partition(name)
    except SettingsError:
        return
    assert check_collection(collection_name("p" * 40, name, 999_999))


DIGEST = st.text("0123456789abcdef", min_size=32, max_size=32)
BOX = st.lists(st.integers(-9, 99_999), min_size=4, max_size=4).map(lambda n: ",".join(map(str, n)))
ANCHOR = BOX | st.builds("{}:{}".format, DIGEST, st.integers(0, 999))
PARTS = st.tuples(DIGEST, st.integers(0, 10_000), st.sampled_from(get_args(PointKind)), ANCHOR)


@settings(deadline=None)
@given(st.lists(PARTS, max_size=20))
def test_a_point_id_is_the_uuid5_of_its_parts(rows: list[tuple[str, int, str, str]]) -> None:
    columns = {"file_id": pl.String, "page_no": pl.Int32, "kind": pl.String, "anchor": pl.String}
    ids = point_ids(pl.DataFrame(rows, schema=columns, orient="row"))
    assert ids.to_list() == [str(uuid.uuid5(NAMESPACE, canonical_json(row))) for row in rows]
