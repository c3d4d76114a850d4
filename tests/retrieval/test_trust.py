"""How far a signal is trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.signals import Answer, Lists
from mmrag_pipeline.retrieval.trust import Trust, coverage, known_share
from mmrag_pipeline.retrieval.trust import trust as trust_of_answers
from mmrag_pipeline.testing.sparse import StubSparse
from tests.retrieval.shelves import Shelves, found

SPARSE = StubSparse()
WORDS = st.lists(st.sampled_from(["red", "kettle", "14.10", "of"]), max_size=4).map(" ".join)


def covered(query: str, texts: list[str]) -> float:
    """Return the coverage of a query."""
    return coverage(SPARSE.query(query), texts, document=SPARSE.document)


def trust(text: str, *lists: Lists, pictured: bool) -> Trust:
    """Return the trust in the first of some answers of the same models."""
    answers = [Answer(Shelves().encoders, own) for own in lists]
    return trust_of_answers(text, answers, pictured=pictured)[0]


def test_whole_words_are_known() -> None:
    assert known_share("red kettle", [(0, 3), (4, 10)]) == 1.0


def test_a_number_in_pieces_is_not_known() -> None:
    assert known_share("total 14.10", [(0, 5), (6, 8), (8, 9), (9, 11)]) == pytest.approx(2 / 5)


def test_a_name_in_pieces_is_not_known() -> None:
    assert known_share("heng", [(0, 3), (3, 4)]) == pytest.approx(1 / 3)


def test_a_query_of_codes_keeps_some_trust() -> None:
    assert known_share("a-1-2", [(n, n + 1) for n in range(5)]) > 0.0


def test_punctuation_around_a_word_does_not_count() -> None:
    assert known_share("kettle?", [(0, 6), (6, 7)]) == 1.0


def test_text_without_words_is_known() -> None:
    assert known_share("?!", [(0, 1), (1, 2)]) == 1.0


def test_a_text_with_all_terms_covers_the_query() -> None:
    assert covered("red kettle", ["a red kettle", "a cup"]) == pytest.approx(1.0)


def test_no_text_covers_nothing() -> None:
    assert covered("red kettle", []) == 0.0


def test_a_frequent_term_covers_less_than_a_rare_one() -> None:
    texts = ["a photo", "photo of it", "my photo"]
    assert covered("photo junco", texts) < covered("photo junco", [*texts, "junco"])


def test_finding_only_the_frequent_term_covers_less_than_half() -> None:
    assert covered("photo junco", ["a photo", "photo of it", "my photo"]) < 0.2


@given(st.lists(WORDS, max_size=6))
def test_coverage_is_a_share(texts: list[str]) -> None:
    assert 0.0 <= covered("red 14.10", texts) <= 1.0


@given(st.lists(WORDS, max_size=6))
def test_coverage_does_not_depend_on_the_order_of_texts(texts: list[str]) -> None:
    assert covered("red 14.10", texts) == covered("red 14.10", sorted(texts))


def test_captions_speak_only_for_pictures() -> None:
    given_words = trust("kettle", {}, pictured=False)
    given_picture = trust("", {}, pictured=True)
    assert (given_words["image_text"], given_picture["image_text"]) == (0.0, 1.0)


def test_captions_are_silent_beside_the_pictures_they_were_made_of() -> None:
    lists: Lists = {"image": [found("a.png", 0.9, kind="page")]}
    trusted = trust("", lists, pictured=True)
    assert (trusted["image"], trusted["image_text"]) == (1.0, 0.0)


@pytest.mark.parametrize(("text", "trusted"), [("a red kettle", 0.0), ("a blue cup", 1.0)])
def test_pictures_answer_the_words_that_no_text_holds(text: str, trusted: float) -> None:
    lists: Lists = {"bm25": [found("a.txt", 2.0, text=text)]}
    shares = trust("red kettle", lists, pictured=False)
    assert shares["image"] == pytest.approx(trusted)


def test_words_beside_a_picture_do_not_silence_it() -> None:
    lists: Lists = {"bm25": [found("a.txt", 2.0, text="price")]}
    assert trust("price", lists, pictured=True)["image"] == 1.0


def test_the_best_matching_text_decides_how_far_words_are_trusted() -> None:
    lists: Lists = {
        "bm25": [found("a.txt", 2.0, text="red kettle"), found("b.txt", 1.0, text="red")]
    }
    trusted = trust("red kettle", lists, pictured=False)
    assert trusted["bm25"] == pytest.approx(1.0)


def test_a_text_that_other_models_found_explains_the_words_too() -> None:
    pictures: Lists = {"image": [found("a.png", 0.9, kind="page")]}
    texts: Lists = {"bm25": [found("b.txt", 2.0, text="red kettle")]}
    assert trust("red kettle", pictures, texts, pictured=False)["image"] == pytest.approx(0.0)
