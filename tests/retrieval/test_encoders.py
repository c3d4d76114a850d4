"""Which models ask a collection."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.errors import CollectionMismatchError, ModelUnavailableError
from mmrag_pipeline.records import Card, Layout, VectorSpace
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.signals import Encoders
from tests.retrieval.shelves import PREFIX, Shelves, picture

RED = Query("a red kettle")


class Absent(StubText):
    """A model that cannot be had."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.asked = 0

    @property
    def card(self) -> Card:
        """Raise the error."""
        self.asked += 1
        raise self.error


@pytest.fixture
def shelves() -> Shelves:
    """Return a domain that an earlier text model filled."""
    filled = Shelves()
    filled.fill("kitchen", {"kettle.txt": "a red kettle", "cup.txt": "a blue cup"})
    filled.others, filled.text = (filled.encoders,), StubText(revision="2")
    return filled


def test_a_collection_is_asked_by_the_model_that_filled_it(shelves: Shelves) -> None:
    (answer,) = shelves.searcher.candidates(RED)
    assert answer.lists["text"][0].candidate.score == pytest.approx(1.0)
    assert shelves.text.calls == 0


def test_the_model_of_today_need_not_be_there(shelves: Shelves) -> None:
    shelves.text = Absent(ModelUnavailableError("no such folder", setting="MMRAG_TEXT_MODEL"))
    assert shelves.searcher.search(RED)[0].key == "kettle.txt"


def test_a_model_that_is_not_asked_is_not_looked_at(shelves: Shelves) -> None:
    shelves.text, shelves.others = Absent(ModelUnavailableError("gone", setting="x")), ()
    shelves.add("kitchen", [shelves.page("kitchen", "kettle.png", picture(1))])
    assert shelves.searcher.search(Query(image=picture(1)))[0].key == "kettle.png"


def test_words_that_ask_for_pictures_need_no_text_model(shelves: Shelves) -> None:
    class Mute(Absent):
        def token_spans(self, text: str) -> list[tuple[int, int]]:
            raise self.error

    shelves.text, shelves.others = Mute(ModelUnavailableError("gone", setting="x")), ()
    shelves.add("kitchen", [shelves.page("kitchen", "kettle.png", picture(1))])
    assert shelves.searcher.search(replace(RED, kinds=("page",)))[0].key == "kettle.png"


def test_domains_of_two_models_answer_together(shelves: Shelves) -> None:
    shelves.fill("office", {"lamp.txt": "a red kettle", "chair.txt": "a chair"})
    texts = [answer.lists["text"] for answer in shelves.searcher.candidates(RED)]
    best = [max(found, key=lambda f: f.candidate.score) for found in texts]
    assert [(f.domain, round(f.candidate.score, 3)) for f in best] == [
        ("kitchen", 1.0),
        ("office", 1.0),
    ]
    assert {h.key for h in shelves.searcher.search(RED)[:2]} == {"kettle.txt", "lamp.txt"}


def test_domains_of_two_models_are_ranked_as_those_of_one(shelves: Shelves) -> None:
    texts = {"lamp.txt": "a desk lamp", "chair.txt": "a red chair"}
    shelves.fill("office", texts)
    mixed = shelves.searcher.search(RED)
    same = replace(shelves, text=StubText(), others=())
    same.fill("garden", texts)
    alike = same.searcher.search(replace(RED, domains=("garden", "kitchen")))
    assert [h.key for h in mixed] == [h.key for h in alike]
    assert mixed[0].signals["bm25"].contribution == alike[0].signals["bm25"].contribution


def test_without_the_model_the_domain_its_card_and_what_was_tried_are_told(
    shelves: Shelves,
) -> None:
    shelves.others = (replace(shelves.encoders, text=StubText(revision="3")),)
    told = r"'kitchen'.*'text' vectors of card .*stub-text \(float32\) is card .*mmrag index"
    with pytest.raises(CollectionMismatchError, match=told):
        shelves.searcher.search(RED)


def test_a_domain_whose_model_cannot_be_had_is_not_silently_left_out(shelves: Shelves) -> None:
    shelves.others = ()
    shelves.fill("office", {"lamp.txt": "a red kettle"})
    with pytest.raises(CollectionMismatchError, match=r"filled domain 'kitchen'.*--domain"):
        shelves.searcher.search(RED)
    assert shelves.searcher.search(replace(RED, domains=("office",)))[0].key == "lamp.txt"


@pytest.mark.parametrize(
    "error", [OSError("File name too long"), ValueError("x" * 9_000), RuntimeError("no home")]
)
def test_what_a_collection_names_may_be_no_model_at_all(shelves: Shelves, error: Exception) -> None:
    shelves.others = (replace(shelves.encoders, text=Absent(error)),)
    with pytest.raises(CollectionMismatchError, match=str(error)[:20]) as told:
        shelves.searcher.search(RED)
    assert len(str(told.value)) < 1_500


def test_a_model_is_looked_at_once(shelves: Shelves) -> None:
    absent = Absent(ModelUnavailableError("gone", setting="MMRAG_TEXT_MODEL"))
    shelves.others = (replace(shelves.encoders, text=absent),) * 3
    with pytest.raises(CollectionMismatchError, match="gone"):
        shelves.searcher.search(RED)
    assert absent.asked == 1


def test_of_many_domains_without_a_model_a_few_are_named() -> None:
    shelves = Shelves()
    for number in range(30):
        shelves.create(f"d{number:02}")
    shelves.text = StubText(revision="2")
    with pytest.raises(CollectionMismatchError, match=r"'d00', .*, 'd05' and 24 more, made with"):
        shelves.searcher.search(RED)


def test_what_the_collection_says_of_its_models_is_told_where_it_makes_no_sense() -> None:
    shelves = Shelves(text=StubText(revision="2"))
    made_with = {"text_model": "x" * 9_000, **{f"name{n}": "1" for n in range(9_000)}}
    space = VectorSpace("text", 16, "another")
    shelves.store.create("test__shop__g1", Layout((space,), made_with=made_with))
    shelves.store.move_alias("test__shop", "test__shop__g1")

    def refused(_: Layout) -> Iterator[Encoders]:
        yield shelves.encoders
        raise CollectionMismatchError("no setting can be that")

    searcher = Searcher(shelves.store, shelves.encoders, PREFIX, reopen=refused)
    with pytest.raises(CollectionMismatchError, match=r"x'?, name0=.*no setting can be") as told:
        searcher.search(RED)
    assert len(str(told.value)) < 1_500
