"""What each kind of change costs, counted at the engines."""

from dataclasses import replace

import pytest

from mmrag_pipeline.errors import ModelUnavailableError
from mmrag_pipeline.indexing.remember import COMMIT_ITEMS
from mmrag_pipeline.stores.memory import MemoryMemo
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.ledger import Ledger
from tests.indexing.life import DOMAIN, Life

_FILES = {"a": "img:1", "b": "txt:some words", "c": "pdf:p|q|=a layer of text on this page"}


def _started() -> Life:
    life = Life()
    life.put(**_FILES)
    life.run()
    return life


def _cost(life: Life) -> Ledger:
    life.ledger = Ledger()
    life.run()
    return life.ledger


def test_running_again_costs_and_changes_nothing() -> None:
    life = _started()
    before = life.index(), life.state.tables.lineage("points", DOMAIN)
    assert _cost(life).calls() == 0
    assert (life.index(), life.state.tables.lineage("points", DOMAIN)) == before


def test_a_forced_run_costs_no_model_call() -> None:
    life = _started()
    life.ledger = Ledger()
    life.run(force=True)
    assert life.ledger.calls() == 0


def test_a_renamed_file_costs_no_model_call() -> None:
    life = _started()
    life.source.move(DOMAIN, "c", "renamed")
    assert _cost(life).calls() == 0


def test_a_copied_file_costs_no_model_call() -> None:
    life = _started()
    life.source.copy(DOMAIN, "c", "copy")
    assert _cost(life).calls() == 0


def test_a_touched_file_costs_no_model_call() -> None:
    life = _started()
    life.source.touch(DOMAIN, "c")
    assert _cost(life).calls() == 0


def test_a_file_that_comes_back_costs_no_model_call() -> None:
    life = _started()
    life.source.delete(DOMAIN, "c")
    life.run()
    life.put(**_FILES)
    assert _cost(life).calls() == 0


@pytest.mark.parametrize("role", ["ocr", "captioner", "image_text", "text", "sparse"])
def test_going_back_to_an_earlier_model_costs_no_model_call(role: str) -> None:
    life = _started()
    life.change_model(role, "2")
    life.run()
    life.change_model(role, "1")
    assert _cost(life).calls() == 0
    assert life.index() == life.rebuild()[0]


@pytest.mark.parametrize(
    ("role", "paid"),
    [
        ("ocr", {"ocr", "text"}),
        ("captioner", {"captions", "text", "image_text"}),
        ("image_text", {"image", "image_text"}),
        ("text", {"text"}),
        ("sparse", set()),
    ],
)
def test_a_changed_model_costs_what_depends_on_it(role: str, paid: set[str]) -> None:
    life = _started()
    life.change_model(role, "2")
    assert {entry[0] for entry in _cost(life).entries} == paid


def test_a_document_edited_on_one_page_costs_one_page() -> None:
    life = _started()
    life.put(c="pdf:p|edited|=a layer of text on this page")
    spent = _cost(life)
    assert (spent.calls("ocr"), spent.calls("captions"), spent.calls("image")) == (1, 1, 1)


def test_a_page_with_a_text_layer_is_not_given_to_ocr() -> None:
    life = Life()
    life.put(a="pdf:=sixteen letters or more")
    assert _cost(life).calls("ocr") == 0


def test_a_page_with_hardly_a_text_layer_is_given_to_ocr() -> None:
    life = Life()
    life.put(a="pdf:=12")
    assert _cost(life).calls("ocr") == 1


def test_a_page_that_files_share_is_paid_once() -> None:
    life = Life()
    life.put(a="pdf:p|q|p", b="pdf:q|p")
    assert _cost(life).calls("ocr") == 2


def test_outcomes_tell_the_calls_that_the_engines_counted() -> None:
    life = Life()
    life.put(**_FILES)
    told = life.run()
    counted = life.ledger
    assert told["ocr"].computed == counted.calls("ocr")
    assert told["captions"].computed == counted.calls("captions")
    assert told["image_vectors"].computed == counted.calls("image")
    assert told["text_vectors"].computed == counted.calls("text", "image_text")


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("at", range(1, 40, 3))
def test_a_killed_run_repeats_at_most_one_batch(at: int, late: bool) -> None:
    life = Life()
    life.put(**{f"f{n}": f"img:{n}" for n in range(6)})
    life.run_until(Fuse(at, late=late))
    life.run()
    assert life.ledger.repeated() <= COMMIT_ITEMS
    assert life.index() == life.rebuild()[0]


def test_an_engine_that_fails_on_everything_stops_the_run_and_empties_nothing() -> None:
    life = Life()
    life.put(**{f"f{n}": f"img:{n}" for n in range(9)})
    life.run()
    points = set(life.index()[0])
    life.break_ocr()
    with pytest.raises(ModelUnavailableError, match="ocr"):
        life.run()
    assert set(life.index()[0]) == points


def test_words_and_captions_that_the_tables_hold_outlive_the_memo() -> None:
    life = _started()
    life.state = replace(life.state, memo=MemoryMemo())
    life.put(a="img:2")
    ledger = _cost(life)
    assert (ledger.calls("ocr"), ledger.calls("captions")) == (1, 1)
    assert life.index() == life.rebuild()[0]


def test_a_forced_run_takes_nothing_from_the_tables_of_before() -> None:
    life = _started()
    life.state = replace(life.state, memo=MemoryMemo())
    life.ledger = Ledger()
    life.run(force=True)
    assert set(life.ledger.entries) == life.rebuild()[1]
