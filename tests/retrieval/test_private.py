"""What a reader may see is decided inside the index query, whatever else the query says."""

from dataclasses import replace

import pytest

from mmrag_pipeline.errors import NotFoundError
from mmrag_pipeline.ids import collection_name
from mmrag_pipeline.records import Where
from mmrag_pipeline.retrieval.query import Query
from tests.retrieval.shelves import PREFIX, Shelves, picture

HIDDEN = {"hr/pay.txt", "hr/face.png"}


@pytest.fixture
def shelves() -> Shelves:
    """Return a shop for everybody and a private domain, of the same words and pictures."""
    made = Shelves()
    made.fill("shop", {"kettle.txt": "a red kettle"})
    made.create("hr")
    secret = [made.words("hr", "pay.txt", "a red kettle"), made.page("hr", "face.png", picture(1))]
    points = [replace(p, payload={**p.payload, "visibility": ["hr"]}) for p in secret]
    made.add("hr", points)
    return made


def _found(shelves: Shelves, query: Query) -> set[str]:
    searcher = replace(shelves.searcher, private=lambda: ("hr",))
    return {f"{hit.domain}/{hit.key}" for hit in searcher.search(query)}


def test_a_private_domain_is_asked_only_where_it_or_a_group_is_named(shelves: Shelves) -> None:
    asked = Query("a red kettle", image=picture(1))
    assert _found(shelves, asked) == {"shop/kettle.txt"}
    assert _found(shelves, replace(asked, domains=("hr",))) == HIDDEN
    assert _found(shelves, replace(asked, visibility=("hr",))) == HIDDEN


@pytest.mark.parametrize("domain", ["*", "h*", "hr~0-1", "hr__g1", "", "HR"])
def test_no_pattern_and_no_name_of_a_collection_is_a_domain(shelves: Shelves, domain: str) -> None:
    with pytest.raises(NotFoundError, match="no indexed domain"):
        _found(shelves, Query("a red kettle", domains=(domain,), visibility=("public",)))


def test_who_sees_only_private_domains_is_told_to_name_them(shelves: Shelves) -> None:
    searcher = replace(shelves.searcher, private=lambda: ("hr", "shop"))
    with pytest.raises(NotFoundError, match="private"):
        searcher.search(Query("a red kettle"))


def test_what_a_store_lists_for_a_group_has_no_point_of_another(shelves: Shelves) -> None:
    with shelves.store.reader(collection_name(PREFIX, "hr", 1)) as reader:
        assert sum(frame.height for frame in reader.held(Where(visibility=("public",)))) == 0
