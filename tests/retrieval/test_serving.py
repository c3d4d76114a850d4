"""Which collections serve a domain that is split, and that queries see each file in one of them."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.ids import partition_of, partitions_of
from mmrag_pipeline.retrieval.best import best_of
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.serving import served_partitions
from tests.retrieval.shelves import PREFIX, Shelves, found

THREE = partitions_of("shop", {"shop": 3})
TEXTS = {f"{n}.txt": f"a red thing number {n}" for n in range(9)}


@pytest.mark.parametrize(
    ("there", "wanted", "serve"),
    [
        (["shop"], 1, ["shop"]),
        (["shop", *THREE], 3, THREE),
        (["shop", *THREE], 1, ["shop"]),
        (["shop", *THREE[:2]], 3, ["shop"]),
        (["shop", *THREE[1:]], 1, ["shop"]),
        (THREE, 1, THREE),
        (["shop~0-2", *THREE], 2, THREE),
        (["shop", *THREE], 5, ["shop"]),
        (THREE[:2], 3, None),
        ([], 1, None),
    ],
)
def test_the_wanted_set_serves_once_it_is_whole(
    there: list[str], wanted: int, serve: list[str] | None
) -> None:
    shards = {"shop": wanted} if wanted > 1 else {}
    assert served_partitions(there, shards).get("shop") == serve


@given(
    st.sets(st.sampled_from([p for n in (1, 2, 3) for p in partitions_of("shop", {"shop": n})])),
    st.sampled_from([1, 2, 3]),
    st.text(max_size=3),
)
def test_whatever_is_there_a_file_is_in_one_serving_partition(
    there: set[str], wanted: int, key: str
) -> None:
    served = served_partitions(there, {"shop": wanted}).get("shop", [])
    homes = [p for p in served if partition_of("shop", key, {"shop": len(served)}) == p]
    assert len(homes) == bool(served)


def test_the_domains_are_apart_and_sorted() -> None:
    there = ["shop", "office~1-2", "attic~0-2", "office~0-2"]
    assert served_partitions(there, {}) == {
        "office": ["office~0-2", "office~1-2"],
        "shop": ["shop"],
    }


def test_hits_name_the_domain_and_meanings_are_told_apart_as_in_a_whole_one() -> None:
    searchers = (_filled(["shop"]).searcher, _searcher(_filled(THREE), {"shop": 3}))
    answers = (one.candidates(Query("a red thing number 4"))[0] for one in searchers)
    whole, split = (answer.lists["text"] for answer in answers)
    assert [one.candidate for one in best_of(whole, 9)] == [one.candidate for one in split]
    assert {one.domain for one in split} == {"shop"}


@pytest.mark.parametrize("built", [0, 1, 2, 3])
def test_each_file_is_found_once_while_a_split_goes_on(built: int) -> None:
    shelves = _filled(["shop", *THREE[:built]])
    hits = _searcher(shelves, {"shop": 3}).search(Query("a red thing", limit=20))
    assert sorted(hit.key for hit in hits) == sorted(TEXTS)


@pytest.mark.parametrize("dropped", [0, 1, 2, 3])
def test_a_searcher_that_knows_no_shards_finds_each_file_once(dropped: int) -> None:
    shelves = _filled(["shop", *THREE])
    for partition in THREE[:dropped]:
        shelves.store.drop(f"{PREFIX}__{partition}__g1")
    hits = _searcher(shelves, {"shop": 3}).search(Query("a red thing", limit=20))
    assert sorted(hit.key for hit in hits) == sorted(TEXTS)


def test_a_shard_is_no_domain_to_ask() -> None:
    with pytest.raises(NotFoundError, match=r"'shop~0-3'; indexed: shop"):
        _searcher(_filled(THREE), {"shop": 3}).search(Query("a", domains=("shop~0-3",)))


def test_of_each_domain_the_best_are_kept_whatever_collection_gave_them() -> None:
    many = [found("a", 1.0), found("b", 3.0), found("c", 2.0), found("d", 0.5, domain="office")]
    assert [one.candidate.score for one in best_of(many, 2)] == [3.0, 2.0, 0.5]


def _searcher(shelves: Shelves, shards: Mapping[str, int]) -> Searcher:
    return Searcher(shelves.store, shelves.encoders, PREFIX, shards)


def _filled(partitions: Iterable[str]) -> Shelves:
    """Return the same texts in whole and split collections, each file where it belongs."""
    shelves = Shelves()
    for partition in partitions:
        number = int(partition.rpartition("-")[2]) if "~" in partition else 1
        shelves.create(partition)
        mine = [k for k in TEXTS if partition_of("shop", k, {"shop": number}) == partition]
        shelves.add(partition, [shelves.words("shop", key, TEXTS[key]) for key in mine])
    return shelves
