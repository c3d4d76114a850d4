"""A plan says why a new generation is built, and what it costs."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.indexing.collection import layout
from mmrag_pipeline.indexing.generations import rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.indexing.next_generation import NextGeneration, differences, next_generation
from mmrag_pipeline.indexing.plan import plan
from mmrag_pipeline.records import Layout
from tests.indexing.foretold import truth_of
from tests.indexing.life import DOMAIN, Life


def _indexed() -> Life:
    life = Life()
    life.put(a="img:1", b="txt:some words")
    life.run()
    return life


def _ahead(life: Life) -> NextGeneration | None:
    world = life.world()
    cards = (world.image_text.card, world.text.card, world.sparse.card)
    names = {card.fingerprint: f"{card.name} {card.revision}" for card in cards}
    return next_generation(world, DOMAIN, plan(world, DOMAIN), names)


def test_an_exchanged_model_is_told_with_both_names_and_all_its_signals() -> None:
    life = _indexed()
    life.settings = life.settings.model_copy(update={"image_model": "better"})
    life.change_model("image_text", "2")
    ahead = _ahead(life)
    assert ahead
    assert (ahead.collection, ahead.serving) == ("mmrag__d__g2", "mmrag__d__g1")
    assert ahead.why == ("model of image and image_text: mmrag-mini to stub-image_text 2",)


def test_what_a_new_generation_costs_is_what_the_run_then_does() -> None:
    life = _indexed()
    life.change_model("text", "2")
    ahead, done = _ahead(life), truth_of(life)
    assert ahead
    assert ahead.points == done.outcomes["collection"].changes["upserted"]
    assert ahead.calls == done.outcomes["text_vectors"].computed > 0


def test_vectors_of_another_size_are_told() -> None:
    life = _indexed()
    life.models = replace(life.models, text=StubText(24, revision="2"))
    ahead = _ahead(life)
    assert ahead
    assert ahead.why == ("model of text: all-MiniLM-L6-v2 to stub-text 2, 16 to 24 dimensions",)


@pytest.mark.parametrize("queries", [None, Path("labelled.jsonl")])
def test_queries_that_decide_are_named(queries: Path | None) -> None:
    life = _indexed()
    life.change_model("text", "2")
    life.settings = life.settings.model_copy(update={"gate_queries": queries})
    ahead = _ahead(life)
    assert ahead
    assert ahead.gate == (str(queries) if queries else "")


@pytest.mark.parametrize("role", ["ocr", "captioner"])
def test_models_that_make_no_vectors_need_no_new_generation(role: str) -> None:
    life = _indexed()
    life.change_model(role, "2")
    assert _ahead(life) is None


def test_going_back_to_a_generation_that_is_there_is_told_as_such() -> None:
    life = _indexed()
    life.change_model("text", "2")
    assert _told(life) == ("mmrag__d__g2", "mmrag__d__g1", False)
    life.run()
    assert _ahead(life) is None
    life.change_model("text", "1")
    assert _told(life) == ("mmrag__d__g1", "mmrag__d__g2", True)
    life.run()
    assert _ahead(life) is None


def test_a_generation_that_was_rolled_back_is_told_not_to_serve() -> None:
    life = _indexed()
    life.change_model("text", "2")
    life.run()
    rollback(life.world(), DOMAIN, Said(by="somebody"))
    ahead = _ahead(life)
    assert ahead
    assert (ahead.exists, ahead.held_back) == (True, "rolled_back")


def _told(life: Life) -> tuple[str, str, bool] | None:
    ahead = _ahead(life)
    return (ahead.collection, ahead.serving, ahead.exists) if ahead else None


def test_a_first_generation_takes_the_place_of_none() -> None:
    life = Life()
    life.put(a="img:1")
    assert _ahead(life) is None


def _today(**other: object) -> Layout:
    return replace(layout(Life().world()), **other)  # type: ignore[arg-type]  # fields by name


def test_datatype_and_shards_are_told_by_their_settings() -> None:
    assert differences(_today(), _today(datatype="float16", shards=4), {}) == (
        "MMRAG_INDEX_DATATYPE: float32 to float16",
        "MMRAG_QDRANT_SHARDS: 1 to 4",
    )


def test_a_model_of_the_same_name_is_told_by_its_precision_or_else_its_card() -> None:
    life = Life()
    life.change_model("text", "2")
    one, other = _today(), layout(life.world())
    (told,) = differences(one, other, {})
    assert told.count("all-MiniLM-L6-v2 (card ") == 2
    exact = replace(other, made_with={**other.made_with, "precision": "float32"})
    assert differences(one, exact, {}) == (
        "model of text: all-MiniLM-L6-v2 (precision auto) to all-MiniLM-L6-v2 (precision float32)",
    )


def test_signals_that_come_and_go_are_told() -> None:
    text, *others = _today().spaces
    assert differences(_today(spaces=(text,)), _today(spaces=(*others,)), {}) == (
        "model of text and image_text and bm25: no vectors of it so far",
        "model of image: no vectors of it any more",
    )
