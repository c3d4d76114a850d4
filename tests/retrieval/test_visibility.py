"""What a group may not see: nobody gets at it by a filter, a strategy or another look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.ids import partitions_of
from mmrag_pipeline.indexing.generations import rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.ports import VectorStore
from mmrag_pipeline.records import PointKind, Signal, StoredPoint
from mmrag_pipeline.retrieval.cascade import Cascade
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.retrieval.query import DEPTH, Query, Searcher
from mmrag_pipeline.retrieval.signals import SIGNALS, Encoders
from mmrag_pipeline.retrieval.strategies import STRATEGIES, Strategy
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.stores.memory import MemoryVectors
from mmrag_pipeline.stores.qdrant_server import connect
from mmrag_pipeline.stores.server_access import ServerAccess
from tests.indexing.life import DOMAIN, Life
from tests.retrieval.shelves import Shelves, picture
from tests.stores.qdrant_process import qdrant

BOARD = ["board"]
HIDDEN = DEPTH + 10
"""More than one list holds: they would fill it."""
OPEN = 12
RANKED: Mapping[str, Strategy] = {**STRATEGIES, "cascade": Cascade(OPEN // 2)}
"""With a cascade that has a shortlist of so few files."""
PLAIN: tuple[Signal, ...] = ("image", "text", "image_text")
QUERIES = (
    Query("secret kettle", limit=OPEN),
    Query(image=picture(0), limit=OPEN),
    Query("secret kettle", image=picture(0), limit=OPEN),
)
ATTEMPTS = (
    *("", "nobody", "*", "board*", "boar?", "b%", "[board]", "^board$", "null", "true", "0"),
    *('public"', 'public", "board', '["board"]', "board' OR '1'='1", "public,board"),
    *("BOARD", " board", "board ", "board\n", "board\0", "bo\u00e0rd", "\uff42oard"),
)


@pytest.fixture(scope="module", params=["memory", "embedded", "server"])
def shelves(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shelves]:
    """Give domains in one kind of store: with and without what the board alone sees."""
    if request.param == "server":
        with qdrant() as served:
            yield _filled(connect(ServerAccess(served.url, grpc_port=served.grpc_port)))
    elif request.param == "embedded":
        yield _filled(EdgeVectors(tmp_path_factory.mktemp("edge"), lock_timeout_s=5))
    else:
        yield _filled(MemoryVectors())


def _filled(store: VectorStore) -> Shelves:
    """Fill `all` and `open`, without BM25 `plain` and `plain-open`, and a split domain."""
    made = Shelves(store)
    for domain, signals in (("all", SIGNALS), ("open", SIGNALS), ("plain", PLAIN)):
        made.create(domain, signals)
    made.create("plain-open", PLAIN)
    for domain in ("all", "plain"):
        made.add(domain, [_for_board(one) for one in _secret(made, domain)])
    for domain in ("all", "open", "plain", "plain-open"):
        made.add(domain, _public(made, domain))
    shards = partitions_of("split", {"split": 2})
    for partition in shards:
        made.create(partition)
        made.add(partition, [_for_board(one) for one in _secret(made, "split")])
    made.add(shards[0], _public(made, "split"))
    return made


def _secret(shelves: Shelves, domain: str) -> list[StoredPoint]:
    """Return points that answer every query better than what all may see.

    Some bear the name of a file that all may see, as when groups are being changed.
    """
    keys = [*(f"secret/{n}" for n in range(HIDDEN)), "0.png"]
    texts = [shelves.words(domain, key, "secret kettle") for key in keys]
    seen = [shelves.page(domain, key, picture(0)) for key in keys]
    told = [shelves.caption(domain, key, "secret kettle") for key in keys]
    return _held(domain, [*texts, *seen, *told])


def _public(shelves: Shelves, domain: str) -> list[StoredPoint]:
    numbers = range(OPEN)
    texts = [shelves.words(domain, f"{n}.png", f"a kettle {n}") for n in numbers]
    seen = [shelves.page(domain, f"{n}.png", picture(n + 1)) for n in numbers]
    told = [shelves.caption(domain, f"{n}.png", f"photo {n}") for n in numbers]
    return _held(domain, [*texts, *seen, *told])


def _held(domain: str, points: Sequence[StoredPoint]) -> list[StoredPoint]:
    """Return points of a category, as a domain with or without BM25 holds them."""
    sparse = [None if domain.startswith("plain") else p.sparse for p in points]
    return [
        replace(p, payload={**p.payload, "category": "kettles"}, sparse=words)
        for p, words in zip(points, sparse, strict=True)
    ]


def _for_board(point: StoredPoint) -> StoredPoint:
    return replace(point, payload={**point.payload, "visibility": BOARD})


def _found(shelves: Shelves, query: Query, strategy: str = "evidence") -> list[Hit]:
    searcher = replace(shelves.searcher, strategy=RANKED[strategy], shards={"split": 2})
    return searcher.search(query)


def _said(hits: Sequence[Hit]) -> list[object]:
    """Return what hits tell, apart from the domain."""
    return [(h.rank, h.key, h.score, h.signals, h.place.kind, len(h.also)) for h in hits]


def _of(query: Query, domain: str, *groups: str) -> Query:
    return replace(query, domains=(domain,), visibility=groups)


@pytest.mark.parametrize("query", QUERIES, ids=["words", "picture", "both"])
def test_the_board_finds_its_files_first(shelves: Shelves, query: Query) -> None:
    first = [hit.key for hit in _found(shelves, _of(query, "all", "board"))]
    assert sum("secret" in key for key in first) >= OPEN - 1


@pytest.mark.parametrize("strategy", RANKED)
@pytest.mark.parametrize("query", QUERIES, ids=["words", "picture", "both"])
def test_no_strategy_shows_what_others_see(shelves: Shelves, query: Query, strategy: str) -> None:
    hits = _found(shelves, _of(query, "all", "public"), strategy)
    assert {hit.key for hit in hits} == {f"{n}.png" for n in range(OPEN)}
    places = [place for hit in hits for place in (hit.place, *hit.also)]
    assert not any("secret" in place.text for place in places)


@pytest.mark.parametrize("groups", [(), ATTEMPTS], ids=["none", "crafted"])
@pytest.mark.parametrize("strategy", ["evidence", "early", "cascade"])
def test_no_group_that_is_not_the_very_same_sees_a_file(
    shelves: Shelves, groups: tuple[str, ...], strategy: str
) -> None:
    for query in QUERIES:
        assert _found(shelves, _of(query, "all", *groups), strategy) == []


@settings(max_examples=20)
@given(st.lists(st.text(max_size=12).filter(lambda group: group not in ("board", "public"))))
def test_no_other_text_is_a_group_that_sees_a_file(shelves: Shelves, groups: list[str]) -> None:
    assert _found(shelves, _of(QUERIES[0], "all", *groups)) == []


@pytest.mark.parametrize("strategy", RANKED)
@pytest.mark.parametrize("query", QUERIES, ids=["words", "picture", "both"])
def test_hidden_files_change_no_place_and_no_score(
    shelves: Shelves, query: Query, strategy: str
) -> None:
    beside = _found(shelves, _of(query, "plain", "public"), strategy)
    alone = _found(shelves, _of(query, "plain-open", "public"), strategy)
    assert _said(beside) == _said(alone)


def test_hidden_files_change_of_bm25_the_scores_only(shelves: Shelves) -> None:
    query = Query("kettle 7 of secret", limit=OPEN)
    beside, alone = (_found(shelves, _of(query, domain, "public")) for domain in ("all", "open"))
    assert [hit.key for hit in beside] == [hit.key for hit in alone]
    assert beside[0].key == "7.png"


@pytest.mark.parametrize("kinds", [None, ("page",), ("text", "caption")])
def test_no_other_filter_widens_what_a_group_sees(
    shelves: Shelves, kinds: tuple[PointKind, ...] | None
) -> None:
    for query in QUERIES:
        narrowed = replace(query, kinds=kinds, pages=(1,), categories=("kettles", "secret"))
        hits = _found(shelves, _of(narrowed, "all", "public"))
        assert not any("secret" in hit.key for hit in hits)
        assert _found(shelves, _of(narrowed, "all", "nobody")) == []


@pytest.mark.parametrize("strategy", ["evidence", "early", "cascade"])
def test_every_shard_of_a_split_domain_hides_its_own(shelves: Shelves, strategy: str) -> None:
    for query in QUERIES:
        hits = _found(shelves, _of(query, "split", "public"), strategy)
        assert {hit.key for hit in hits} == {f"{n}.png" for n in range(OPEN)}
        assert _found(shelves, _of(query, "split", "nobody"), strategy) == []


def test_a_generation_that_serves_again_hides_what_was_hidden_since() -> None:
    life = Life()
    life.put(a="img:1", b="img:2")
    life.run()
    life.change_model("text", "2")
    life.run()
    life.show_to("board")
    life.run()
    rollback(life.world(), DOMAIN, Said(by="anna"))
    for group, key in (("public", "b"), ("board", "a")):
        assert {hit.key for hit in _asked(life, Query("ocr", visibility=(group,)))} <= {key}
    assert _asked(life, Query(image=picture(1), visibility=("board",)))[0].key == "a"


def _asked(life: Life, query: Query) -> list[Hit]:
    world, models = life.world(), life.models
    before = Encoders(models.image_text, StubText(), models.sparse)
    today = Encoders(models.image_text, models.text, models.sparse)
    prefix = world.settings.collection_prefix
    return Searcher(world.vectors, today, prefix, reopen=lambda _: (before,)).search(query)
