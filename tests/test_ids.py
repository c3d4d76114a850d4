"""A domain's name fits wherever it is used: folders, files, collections and aliases."""

import uuid
from typing import get_args

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.ids import (
    MAX_SHARDS,
    NAMESPACE,
    canonical_json,
    check_domain,
    check_partition,
    collection_name,
    domains_of,
    keys_in,
    partition_of,
    partitions_of,
    point_ids,
    served_partition,
    shards_of,
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


@given(st.lists(PARTS, max_size=20))
def test_a_point_id_is_the_uuid5_of_its_parts(rows: list[tuple[str, int, str, str]]) -> None:
    columns = {"file_id": pl.String, "page_no": pl.Int32, "kind": pl.String, "anchor": pl.String}
    ids = point_ids(pl.DataFrame(rows, schema=columns, orient="row"))
    assert ids.to_list() == [str(uuid.uuid5(NAMESPACE, canonical_json(row))) for row in rows]


SHARDS = st.integers(2, MAX_SHARDS)


@pytest.mark.parametrize("name", ["shop~0-2", "shop~1-2", "a b-1~63-64", "0-2~0-2"])
def test_a_shard_is_a_partition_and_no_domain(name: str) -> None:
    assert check_partition(name) == name
    with pytest.raises(SettingsError, match="cannot name a domain"):
        check_domain(name)


@pytest.mark.parametrize(
    "name",
    [
        *("a~2-2", "a~0-1", "a~0-65", "a~00-2", "a~0-02", "a~-1-2", "a~0", "~0-2", "a~0-2~0-2"),
        *("a~0-2 ", "a~\u0660-2", "a__b~0-2", "a/b~0-2", "~"),
    ],
)
def test_what_only_looks_like_a_shard_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot name a"):
        check_partition(name)


@given(st.sampled_from(["shop", "0-2", "a.b-c", "e f+g, h"]), SHARDS, st.text(max_size=9))
def test_a_file_is_in_just_one_partition_of_its_domain(domain: str, n: int, key: str) -> None:
    partitions = partitions_of(domain, {domain: n})
    home = partition_of(domain, key, {domain: n})
    mine = [p for p in partitions if keys_in(p, pl.Series([key], dtype=pl.String)).item()]
    assert (mine, domains_of(partitions), {*map(shards_of, partitions)}) == ([home], [domain], {n})


@given(st.sampled_from(["a" * 80, "\u6587" * 46]), SHARDS, st.integers(0, 63))
def test_every_shard_makes_a_usable_collection(domain: str, shards: int, shard: int) -> None:
    name = partitions_of(domain, {domain: shards})[shard % shards]
    collection = collection_name("p" * 40, name, 999_999)
    assert check_collection(collection) == collection
    assert served_partition("p" * 40, collection) == name


def test_a_whole_domain_is_one_partition_with_its_name() -> None:
    assert (partitions_of("shop", {"office": 2}), shards_of("shop")) == (["shop"], 1)
    assert partition_of("shop", "a", {}) == "shop"


@pytest.mark.parametrize("name", ["p__", "p__a__x1", "p__a__g", "q__a", "p__a__b__g1", "p__a/b"])
def test_other_names_are_no_partitions_collection(name: str) -> None:
    assert served_partition("p", name) is None


def test_files_are_spread_evenly() -> None:
    homes = [partition_of("shop", f"file {n}", {"shop": 4}) for n in range(4_000)]
    counts = [homes.count(name) for name in partitions_of("shop", {"shop": 4})]
    assert all(900 < count < 1_100 for count in counts)
