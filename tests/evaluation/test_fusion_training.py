"""Training of learned fusion: what it learns, and that it is measured on what it did not see."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.evaluation.examples import Example, example, examples
from mmrag_pipeline.evaluation.fusion_training import (
    FEWEST,
    FEWEST_OF_FORM,
    Trained,
    crossed,
    fit,
    folds,
    trained,
    ways,
)
from mmrag_pipeline.evaluation.measures import Judged
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.records import Pixels
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.features import FEATURES
from mmrag_pipeline.retrieval.fusion_model import model_text, read_model
from mmrag_pipeline.retrieval.signals import Lists
from tests.retrieval.shelves import Shelves, answers, found, one_each

TIME = datetime(2026, 1, 2, tzinfo=UTC)
BEST, FIRST_WRONG, WRONG = Judged((0,), 1), Judged((None, 0), 1), Judged((), 1)


def asked_of(number: int, lists: Lists, *relevant: str, text: str = "question") -> Example:
    """Return a labelled query in words with the lists that answer it."""
    words = f"{text} {'abcdefghijklmnopqrstuvwxyz'[number]}"
    labelled = LabelledQuery(str(number), words, None, relevant, "words")
    return example(labelled, Asked(words, pictured=False, depth=100), answers(lists))


def by_text(number: int) -> Example:
    """Return a query that `text` answers, and bm25 wrongly."""
    lists: Lists = {"text": one_each(right=0.9, a=0.3, b=0.2), "bm25": one_each(a=9.0, b=8.0)}
    return asked_of(number, lists, "right")


def train(given: Sequence[Example]) -> Trained:
    """Return a fusion of these queries."""
    return trained(given, domains=("shop",), trained_at=TIME)


def test_the_signal_that_answers_gets_the_weight() -> None:
    weights = dict(zip(FEATURES, fit([by_text(n) for n in range(12)]), strict=True))
    assert weights["text.score"] > 0.0 > weights["bm25.found"]


def test_a_feature_that_is_always_the_same_gets_no_weight() -> None:
    weights = dict(zip(FEATURES, fit([by_text(n) for n in range(12)]), strict=True))
    assert weights["image.score"] == weights["ocr_confidence"] == 0.0


def test_a_fusion_that_learned_ranks_queries_that_it_has_not_seen() -> None:
    scores = train([by_text(n) for n in range(12)])
    assert scores.held_out.overall.recall_at_1 == 1.0
    assert scores.others["bm25"].overall.recall_at_1 == 0.0


def test_no_query_is_learned_from_and_measured_at_once() -> None:
    given = [by_text(n % 10) for n in range(30)]
    for learned, measured in folds(given):
        both = {given[n].question for n in learned} & {given[n].question for n in measured}
        assert both == set()
    assert sorted(n for _, measured in folds(given) for n in measured) == list(range(30))


def test_what_only_one_query_shows_does_not_rank_it() -> None:
    """Nothing but `image` answers it, which no other query asks: all its files are alike then."""
    odd = asked_of(0, {"image": one_each(right=0.9, a=0.3, b=0.2)}, "right")
    given = [odd, *(by_text(n) for n in range(1, 10))]
    assert odd.judged(fit(given)).ranking[0] == 0
    assert crossed(given)[0].ranking == [None, None, 0]


def test_a_form_where_the_weights_lose_is_left_to_the_signal_that_wins() -> None:
    given = [by_text(n) for n in range(FEWEST_OF_FORM)]
    assert ways(given, [BEST] * len(given)) == {"words": "learned"}
    worse = [replace(one, others={"evidence": WRONG, "text": BEST}) for one in given]
    assert ways(worse, [FIRST_WRONG] * len(given)) == {"words": "text"}


def test_the_evidence_ranks_where_it_beats_weights_and_signals() -> None:
    given = [by_text(n) for n in range(FEWEST_OF_FORM)]
    others = {"evidence": BEST, "text": FIRST_WRONG, "bm25": WRONG}
    rivals = [replace(one, others=others) for one in given]
    assert ways(rivals, [FIRST_WRONG] * len(given)) == {"words": "evidence"}


def test_a_form_with_few_queries_is_left_out() -> None:
    given = [by_text(n) for n in range(FEWEST_OF_FORM - 1)]
    assert ways(given, [BEST] * len(given)) == {}


def test_a_fallback_is_chosen_without_the_queries_that_it_is_measured_on() -> None:
    """One query alone is answered by bm25: no other speaks for that, so it is not answered."""
    odd = asked_of(0, {"text": one_each(a=0.9), "bm25": one_each(right=9.0)}, "right")
    scores = train([odd, *(by_text(n) for n in range(1, 12))])
    assert scores.held_out.overall.recall_at_1 == pytest.approx(11 / 12)


def test_the_same_queries_give_the_same_fusion() -> None:
    given = [by_text(n) for n in range(12)]
    assert train(given).model == train(given).model


def test_the_card_tells_what_it_was_trained_from_and_how_well() -> None:
    card = train([by_text(n) for n in range(12)]).model.card
    assert (card.queries, card.folds, card.domains, card.trained_at) == (12, 5, ("shop",), TIME)
    assert list(card.questions) == sorted({by_text(n).question for n in range(12)})
    assert card.held_out["words"]["learned"] == 1.0
    assert card.held_out["overall"].keys() == {"learned", "evidence", "text", "bm25"}


def test_a_trained_fusion_is_read_again_from_its_file() -> None:
    model = train([by_text(n) for n in range(12)]).model
    assert read_model(model_text(model), "fusion.json") == model


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(SettingsError, match=rf"9 different .* at least {FEWEST}"):
        train([by_text(n % 9) for n in range(30)])


def test_queries_without_an_answer_are_nothing_to_learn_from() -> None:
    lists: Lists = {"text": one_each(a=0.9, b=0.2)}
    with pytest.raises(SettingsError, match="nothing to learn"):
        train([asked_of(n, lists, "absent") for n in range(12)])


def test_a_file_of_the_named_domain_alone_is_right() -> None:
    both = [found("a", 0.9, domain="x"), found("a", 0.8, domain="y")]
    one = asked_of(0, {"text": both}, "y/a")
    assert one.right.tolist() == [False, True]


def test_a_searcher_is_asked_for_each_query() -> None:
    shelves = Shelves()
    shelves.fill("shop", {"kettle.txt": "a red kettle", "cup.txt": "a blue cup"})
    query = LabelledQuery("k", "a red kettle", None, ("kettle.txt",), "words")
    (one,) = examples(shelves.searcher, [query], load_image=_no_picture, domains=("shop",))
    assert [file.file[1] for file in one.found.files] == ["cup.txt", "kettle.txt"]
    assert one.right.tolist() == [False, True]
    assert one.others.keys() == {"evidence", "image", "text", "image_text", "bm25"}


def test_a_question_that_no_file_answers_is_no_example() -> None:
    shelves = Shelves()
    shelves.fill("shop", {"kettle.txt": "a red kettle"})
    query = LabelledQuery("k", "a green kettle", None, (), "words")
    given = examples(shelves.searcher, [query], load_image=_no_picture, domains=("shop",))
    assert given == []


def _no_picture(path: Path) -> Pixels:
    raise AssertionError(path)
