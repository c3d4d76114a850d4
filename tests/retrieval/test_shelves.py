"""Collections in groups that one question can be put to."""

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.records import Layout, Signal, VectorSpace
from mmrag_pipeline.retrieval.shelves import Shelf, grouped
from mmrag_pipeline.retrieval.signals import SIGNALS

CARDS = st.dictionaries(st.sampled_from(SIGNALS), st.sampled_from("ab"))
WORDS: tuple[Signal, ...] = ("bm25",)


def shelf(domain: str, **made_with: str) -> Shelf:
    """Return a shelf of text vectors."""
    return Shelf(domain, domain, Layout((VectorSpace("text", 8, "a"),), made_with=made_with))


@given(st.lists(CARDS, max_size=6))
def test_no_group_has_two_models_of_one_signal(held: list[dict[str, str]]) -> None:
    layouts = [
        Layout(tuple(VectorSpace(s, 8, cards[s]) for s in SIGNALS if s in cards)) for cards in held
    ]
    shelves = [Shelf(str(n), str(n), layout) for n, layout in enumerate(layouts)]
    groups = grouped(shelves, SIGNALS)
    assert sorted(s.domain for g in groups for s in g.shelves) == sorted(s.domain for s in shelves)
    for group in groups:
        for one in group.shelves:
            assert one.cards(SIGNALS).items() <= group.cards.items()


def test_models_that_are_not_asked_part_no_shelves() -> None:
    other = Shelf("b", "b", Layout((VectorSpace("text", 8, "other"), VectorSpace("bm25", 0, "x"))))
    assert len(grouped([shelf("a"), other], WORDS)) == 1


def test_a_shelf_without_pictures_stands_with_those_of_its_text_model() -> None:
    pictured = Layout((VectorSpace("text", 8, "a"), VectorSpace("image", 8, "i")))
    (group,) = grouped([shelf("a"), Shelf("b", "b", pictured)], SIGNALS)
    assert group.cards == {"text": "a", "image": "i"}


def test_each_way_to_name_the_models_is_tried_once() -> None:
    shelves = [shelf("a", text_model="x"), shelf("b", text_model="x"), shelf("c", text_model="y")]
    (group,) = grouped(shelves, SIGNALS)
    assert [layout.made_with["text_model"] for layout in group.layouts] == ["x", "y"]
