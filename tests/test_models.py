"""Settings become engines, today's and those that filled a collection, without loading a model."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from mmrag_pipeline.engines.blip import Blip
from mmrag_pipeline.engines.cards import write_card
from mmrag_pipeline.engines.labels import LabelCaptioner
from mmrag_pipeline.engines.minilm import MiniLm
from mmrag_pipeline.engines.openclip import OpenClip
from mmrag_pipeline.engines.paddle import Paddle
from mmrag_pipeline.engines.rapidocr import RapidOcr
from mmrag_pipeline.engines.sentence import SentenceEncoder
from mmrag_pipeline.errors import CollectionMismatchError
from mmrag_pipeline.indexing.collection import MADE_WITH
from mmrag_pipeline.models import MadeWith, known_models, open_encoders, open_engines, reopened
from mmrag_pipeline.records import Card, Layout, VectorSpace
from mmrag_pipeline.retrieval.signals import Encoders
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.bm25 import QdrantBm25

KEPT = Card("tiny", "", "text", 8, "", "ab", "sentence-transformers", "bfloat16", (0.5,))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a state folder of their own."""
    return Settings(home=tmp_path / "home", device="cpu", precision="float32")


def layout(settings: Settings, **made_with: str) -> Layout:
    """Return a layout of text vectors that these settings filled."""
    card = open_engines(settings).text.card
    return Layout((VectorSpace("text", 384, card.fingerprint),), made_with=made_with)


def test_the_defaults_are_the_engines_that_need_no_hub(settings: Settings) -> None:
    engines = open_engines(settings)
    assert isinstance(engines.ocr, RapidOcr)
    assert isinstance(engines.captioner, LabelCaptioner)
    assert isinstance(engines.image_text, OpenClip)
    assert isinstance(engines.text, MiniLm)


def test_settings_choose_the_production_engines(settings: Settings) -> None:
    chosen = {"ocr": "paddleocr", "captioner": "blip", "text_model": "intfloat/e5-small"}
    engines = open_engines(settings.model_copy(update=chosen))
    assert isinstance(engines.ocr, Paddle)
    assert isinstance(engines.captioner, Blip)
    assert isinstance(engines.text, SentenceEncoder)


def test_an_engine_is_made_once_per_process(settings: Settings) -> None:
    one, other = open_engines(settings), open_engines(settings)
    assert one.image_text is other.image_text
    assert one.text is other.text


def test_another_setting_makes_another_engine(settings: Settings) -> None:
    one = open_engines(settings)
    other = open_engines(settings.model_copy(update={"batch_size": 8}))
    assert one.text is not other.text


def test_a_layout_of_the_settings_of_now_is_asked_by_the_encoders_of_now(
    settings: Settings,
) -> None:
    made = layout(settings, text_model="all-MiniLM-L6-v2", precision="float32")
    assert next(iter(reopened(settings, made))) == open_encoders(settings)


def test_a_layout_that_names_no_models_is_first_tried_with_those_of_now(
    settings: Settings,
) -> None:
    assert next(iter(reopened(settings, layout(settings)))) == open_encoders(settings)


def test_another_model_of_the_settings_is_not_tried_first(settings: Settings) -> None:
    later = settings.model_copy(update={"text_model": "somebody/other"})
    made = layout(settings, text_model="all-MiniLM-L6-v2", precision="float32")
    first = next(iter(reopened(later, made)))
    assert first.text is open_engines(settings).text


def test_auto_may_have_meant_the_precision_of_another_machine(settings: Settings) -> None:
    ways = reopened(settings, layout(settings, precision="auto"))
    assert {way.text.card.precision for way in ways} == {"float32", "bfloat16"}


def test_a_named_precision_is_the_only_one_tried(settings: Settings) -> None:
    ways = reopened(settings, layout(settings, precision="bfloat16"))
    assert {way.text.card.precision for way in ways} == {"bfloat16"}


def test_the_precision_of_a_known_card_is_tried_first(settings: Settings) -> None:
    write_card(settings.home / "cards" / "text-tiny.json", KEPT)
    made = Layout((VectorSpace("text", 8, KEPT.fingerprint),), made_with={"precision": "auto"})
    assert next(iter(reopened(settings, made))).text.card.precision == "bfloat16"


def kept(settings: Settings) -> Layout:
    """Return the layout of a model that loaded here once, as the collection of others tells it."""
    write_card(settings.home / "cards" / "text-tiny.json", KEPT)
    made = {"text_model": KEPT.name, "precision": "bfloat16"}
    return Layout((VectorSpace("text", 8, KEPT.fingerprint),), made_with=made)


def opened(settings: Settings, layout: Layout) -> list[Encoders]:
    """Return the ways there are, for a layout that names a model which is not opened."""
    ways: list[Encoders] = []
    with pytest.raises(CollectionMismatchError, match="it never loaded here"):
        ways.extend(reopened(settings, layout))  # those before the error stay
    return ways


@pytest.mark.parametrize("model", ["/", "/etc", "somebody/other", "~"])
def test_a_model_that_only_a_collection_names_is_not_looked_for(
    settings: Settings, model: str
) -> None:
    ways = opened(settings, layout(settings, text_model=model, image_model=f"ViT-B-32@{model}"))
    today = open_encoders(settings)
    assert ways
    assert all(way.text is today.text and way.image_text is today.image_text for way in ways)


def test_a_model_that_loaded_here_with_the_card_of_a_collection_is_opened(
    settings: Settings,
) -> None:
    [way] = reopened(settings, kept(settings))
    assert isinstance(way.text, SentenceEncoder)


def test_a_model_that_loaded_here_with_another_card_is_not_opened(settings: Settings) -> None:
    made = replace(kept(settings), spaces=(VectorSpace("text", 8, "of another card"),))
    assert all(isinstance(way.text, MiniLm) for way in opened(settings, made))


def test_a_model_that_the_settings_name_is_opened_though_it_never_loaded_here(
    settings: Settings,
) -> None:
    now = settings.model_copy(update={"text_model": "somebody/other"})
    [way] = reopened(now, layout(settings, text_model="somebody/other", precision="bfloat16"))
    assert isinstance(way.text, SentenceEncoder)


def test_shipped_models_are_opened_where_neither_settings_nor_cards_name_them(
    settings: Settings,
) -> None:
    later = {"text_model": "somebody/other", "image_model": "ViT-B-32@/no/such/file"}
    made = {"text_model": "all-MiniLM-L6-v2", "image_model": "mmrag-mini", "precision": "auto"}
    ways = [*reopened(settings.model_copy(update=later), layout(settings, **made))]
    cards = {(card.name, card.precision) for w in ways for card in (w.text.card, w.image_text.card)}
    names = (made["text_model"], made["image_model"])
    assert cards == {*product(names, ("float32", "bfloat16"))}


def test_where_the_text_model_is_not_opened_the_image_model_is(settings: Settings) -> None:
    later = settings.model_copy(update={"image_model": "ViT-B-32@/no/such/file"})
    made = layout(settings, text_model="/", image_model="mmrag-mini", precision="float32")
    [way] = opened(later, made)
    assert way.image_text is open_encoders(settings).image_text


def test_a_damaged_card_names_nothing_and_hides_no_other(settings: Settings) -> None:
    write_card(settings.home / "cards" / "text-tiny.json", KEPT)
    (settings.home / "cards" / "torn.json").write_text("{")
    assert known_models(settings)[KEPT.fingerprint] == KEPT.name


def test_what_a_layout_names_is_what_encoders_are_made_of() -> None:
    assert set(MadeWith.model_fields) == set(MADE_WITH)


@pytest.mark.parametrize(
    "made_with",
    [
        {"qdrant_url": "http://elsewhere"},
        {"x" * 10_000: "1"},
        {"text_model": "x" * 10_000},
        {"text_model": ""},
        {"image_model": "a\nb"},
        {"precision": "int4"},
    ],
)
def test_what_no_setting_can_be_is_told_briefly(
    settings: Settings, made_with: dict[str, str]
) -> None:
    with pytest.raises(CollectionMismatchError, match="of its models cannot be used") as told:
        list(reopened(settings, layout(settings, **made_with)))
    assert len(str(told.value)) < 400


def test_a_collection_of_the_words_of_before_is_asked_with_them(settings: Settings) -> None:
    before = QdrantBm25("1").card
    made = Layout((VectorSpace("bm25", 0, before.fingerprint),))
    assert [way.sparse.card for way in reopened(settings, made)][-1] == before
