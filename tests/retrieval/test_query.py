"""Questions to one or more domains."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

import pytest

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.errors import CollectionMismatchError, NotFoundError
from mmrag_pipeline.ids import file_id
from mmrag_pipeline.ports import CollectionReader
from mmrag_pipeline.records import Layout, StoredPoint, Vectors, VectorSpace
from mmrag_pipeline.retrieval.query import DEPTH, TRIES, Query
from mmrag_pipeline.stores.memory import MemoryVectors
from tests.retrieval.shelves import Shelves, picture, point_id

PLAN = point_id(file_id("office", "plan.md"), 1, "text", "seven")


@pytest.fixture
def shelves() -> Shelves:
    """Return two domains of two texts."""
    filled = Shelves()
    filled.fill("kitchen", {"kettle.txt": "a red kettle", "cup.txt": "a blue cup"})
    filled.fill("office", {"lamp.txt": "a desk lamp", "chair.txt": "a red chair"})
    return filled


class Interrupting(StubText):
    """An encoder during whose work something else happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self.happens = happens

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Let it happen, then encode."""
        self.happens()
        return super().encode(texts)


@dataclass(slots=True)
class Restless(MemoryVectors):
    """A store in which something happens just before a collection is opened for questions."""

    events: list[Callable[[], None]] = field(default_factory=list)

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Let the next event happen, then open."""
        if self.events:
            self.events.pop()()
        return MemoryVectors.reader(self, collection)


@dataclass(slots=True)
class RestlessShelves(Shelves):
    """Shelves over a restless store."""

    store: Restless = field(default_factory=Restless)


def restless() -> RestlessShelves:
    """Return a domain of one text in a restless store."""
    shelves = RestlessShelves()
    shelves.fill("shop", {"kettle.txt": "a red kettle"})
    return shelves


def _plan() -> dict[str, object]:
    return {"key": "plan.md", "kind": "text", "page_no": 1, "text": "seven"}


def keys(shelves: Shelves, query: Query) -> list[str]:
    """Return the keys that a query finds, best first."""
    return [hit.key for hit in shelves.searcher.search(query)]


def test_words_find_the_file_that_has_them(shelves: Shelves) -> None:
    assert keys(shelves, Query("a red kettle"))[0] == "kettle.txt"


def test_all_domains_are_asked_by_default(shelves: Shelves) -> None:
    hits = shelves.searcher.search(Query("a red"))
    assert {hit.domain for hit in hits} == {"kitchen", "office"}


def test_only_the_asked_domain_answers(shelves: Shelves) -> None:
    hits = shelves.searcher.search(Query("a red", domains=("office",)))
    assert {hit.domain for hit in hits} == {"office"}


def test_an_unknown_domain_is_refused_with_the_known_ones(shelves: Shelves) -> None:
    with pytest.raises(NotFoundError, match=r"'garden'.*kitchen, office"):
        shelves.searcher.search(Query("a red", domains=("garden",)))


def test_an_empty_index_is_not_an_empty_answer() -> None:
    with pytest.raises(NotFoundError, match="mmrag index"):
        Shelves().searcher.search(Query("a red"))


def test_collections_of_another_prefix_are_not_asked(shelves: Shelves) -> None:
    shelves.store.move_alias("test__a__b", "test__office__g1")
    shelves.store.move_alias("elsewhere", "test__office__g1")
    assert shelves.searcher.domains() == ["kitchen", "office"]


def test_the_alias_decides_which_generation_answers(shelves: Shelves) -> None:
    layout = shelves.store.layouts()["test__kitchen__g1"]
    shelves.store.create("test__kitchen__g2", layout)
    shelves.store.move_alias("test__kitchen", "test__kitchen__g2")
    assert keys(shelves, Query("a red kettle", domains=("kitchen",))) == []


def test_a_hit_names_the_generation_that_answered(shelves: Shelves) -> None:
    hit = shelves.searcher.search(Query("a red kettle"))[0]
    assert hit.as_json()["collection"] == "test__kitchen__g1"


def test_vectors_of_another_model_are_refused(shelves: Shelves) -> None:
    shelves.text = StubText(revision="2")
    with pytest.raises(CollectionMismatchError, match=r"'kitchen'.*'text'.*index"):
        shelves.searcher.search(Query("a red kettle"))


def test_a_model_that_the_query_does_not_need_may_differ(shelves: Shelves) -> None:
    shelves.text = StubText(revision="2")
    shelves.add("kitchen", [shelves.page("kitchen", "kettle.png", picture(1))])
    assert keys(shelves, Query(image=picture(1))) == ["kettle.png"]


def test_a_signal_that_no_domain_holds_is_refused() -> None:
    shelves = Shelves()
    shelves.create("notes", ("text", "bm25"))
    with pytest.raises(CollectionMismatchError, match="hold only bm25, text"):
        shelves.searcher.search(Query(image=picture(1)))


def test_a_domain_without_pictures_is_asked_for_the_rest(shelves: Shelves) -> None:
    shelves.create("notes", ("text", "bm25"))
    shelves.add("notes", [shelves.words("notes", "plan.md", "a red plan")])
    assert keys(shelves, Query("a red plan"))[0] == "plan.md"


def test_a_picture_finds_its_copy(shelves: Shelves) -> None:
    pages = [shelves.page("office", f"{n}.png", picture(n)) for n in range(5)]
    shelves.add("office", pages)
    assert keys(shelves, Query(image=picture(3)))[0] == "3.png"


def test_the_visibility_filter_holds(shelves: Shelves) -> None:
    assert keys(shelves, Query("a red kettle", visibility=("board",))) == []


def test_the_kind_filter_holds(shelves: Shelves) -> None:
    shelves.add("office", [shelves.words("office", "scan.png", "a red kettle", "ocr")])
    assert keys(shelves, Query("a red kettle", kinds=("ocr",))) == ["scan.png"]


def test_a_query_of_nothing_finds_nothing(shelves: Shelves) -> None:
    assert keys(shelves, Query(" ")) == []


def test_one_query_over_all_domains_encodes_once(shelves: Shelves) -> None:
    before = shelves.text.calls
    shelves.searcher.search(Query("a red kettle"))
    assert shelves.text.calls == before + 1


def test_a_failed_query_closes_its_collections(shelves: Shelves) -> None:
    shelves.text = StubText(revision="2")
    with pytest.raises(CollectionMismatchError):
        shelves.searcher.search(Query("a red kettle"))
    shelves.text = StubText()
    assert keys(shelves, Query("a desk lamp"))[0] == "lamp.txt"


def test_nothing_is_open_while_a_model_encodes(shelves: Shelves) -> None:
    shelves.text = Interrupting(lambda: shelves.add("office", []))
    assert keys(shelves, Query("a desk lamp"))[0] == "lamp.txt"


def test_an_alias_that_moves_while_a_question_is_encoded_counts_for_the_next_search() -> None:
    shelves = restless()
    shelves.store.create("test__shop__g2", Layout((VectorSpace("text", 8, "another"),)))
    move = partial(shelves.store.move_alias, "test__shop", "test__shop__g2")
    shelves.text = Interrupting(move)
    assert keys(shelves, Query("a red kettle")) == ["kettle.txt"]
    with pytest.raises(CollectionMismatchError, match="'text' vectors of card another"):
        shelves.searcher.search(Query("a red kettle"))


def test_an_alias_that_moves_while_a_collection_is_awaited_does_not_mix_models() -> None:
    shelves = restless()
    shelves.store.create("test__shop__g2", Layout((VectorSpace("text", 8, "another"),)))
    shelves.store.events.append(lambda: shelves.store.move_alias("test__shop", "test__shop__g2"))
    assert keys(shelves, Query("a red kettle")) == ["kettle.txt"]


def test_a_generation_that_is_dropped_meanwhile_is_looked_up_again() -> None:
    shelves = restless()

    def replaced() -> None:
        shelves.store.create("test__shop__g2", shelves.store.layouts()["test__shop__g1"])
        shelves.store.move_alias("test__shop", "test__shop__g2")
        shelves.store.drop("test__shop__g1")

    shelves.store.events.append(replaced)
    assert keys(shelves, Query("a red kettle")) == []


def test_a_generation_that_is_replaced_under_its_name_is_looked_up_again() -> None:
    shelves = restless()
    other = RestlessShelves(store=shelves.store, text=StubText(revision="2"))
    shelves.others = (other.encoders,)

    def replaced() -> None:
        shelves.store.drop("test__shop__g1")
        other.fill("shop", {"kettle.txt": "a red kettle"})

    shelves.store.events.append(replaced)
    (answer,) = shelves.searcher.candidates(Query("a red kettle"))
    assert answer.encoders.text is other.text
    assert answer.lists["text"][0].candidate.score == pytest.approx(1.0)


def test_a_generation_that_is_replaced_again_and_again_is_given_up() -> None:
    shelves = restless()
    other = RestlessShelves(store=shelves.store, text=StubText(revision="2"))
    shelves.others = (other.encoders,)

    def replaced_by(filling: Shelves) -> None:
        shelves.store.drop("test__shop__g1")
        filling.fill("shop", {})

    shelves.store.events += [partial(replaced_by, s) for s in (shelves, other) * TRIES]
    with pytest.raises(NotFoundError, match="replaced by one of other models"):
        shelves.searcher.search(Query("a red kettle"))


def test_a_collection_that_is_gone_for_good_is_named() -> None:
    shelves = restless()
    shelves.store.events.append(lambda: shelves.store.drop("test__shop__g1"))
    with pytest.raises(NotFoundError, match=r"'shop' is served by .* which is gone"):
        shelves.searcher.search(Query("a red kettle"))


def test_many_files_are_asked_of_a_deeper_list() -> None:
    assert (Query(limit=1).depth, Query(limit=100).depth) == (DEPTH, 1_000)


def test_meaning_orders_what_no_index_term_finds(shelves: Shelves) -> None:
    shelves.add("office", [StoredPoint(PLAN, _plan(), {"text": shelves.text.encode(["7"])[0]})])
    assert keys(shelves, Query("7"))[0] == "plan.md"
