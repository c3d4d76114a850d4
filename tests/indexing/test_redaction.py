"""Personal data that is to be redacted is in nothing that is made of a page's words."""

import logging
from collections.abc import Callable

import pytest

from mmrag_pipeline.indexing.explain import explain
from mmrag_pipeline.indexing.generations import promote, rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import Box, Line
from mmrag_pipeline.stores.memory import MemoryMemo
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.scripted import ScriptedCaptioner, ScriptedOcr
from mmrag_pipeline.testing.snapshot import index_points, table_rows
from mmrag_pipeline.testing.worlds import Models
from tests.indexing.foretold import made, planned_for, truth_of
from tests.indexing.life import DOMAIN, Life

MAIL, CARD = "ann@example.com", "4111 1111 1111 1111"
PARTS = (MAIL, "ann@", "4111", "1111")
RAW = {"pages", "ocr", "captions"}
"""Tables that hold a page's own words."""
ANNA = Said(by="anna")


def _life() -> Life:
    """Return a life whose texts, words read and captions hold an address and a card."""
    boxes = [Box(0, 10 * n, 40, 10 * n + 10) for n in range(3)]
    read = tuple(map(Line, ("paid by card", CARD[:9], CARD[10:]), boxes))
    life = Life(models=Models(ocr=ScriptedOcr(read), captioner=ScriptedCaptioner(f"for {MAIL}")))
    life.put(a="img:1", b=f"txt:# Mail {MAIL}\nwrite or pay\n{CARD} there", c="txt:a plain note")
    return life


def _said(life: Life) -> dict[str, str]:
    """Return table or place -> all that it says, but for tables of a page's own words."""
    tables = {n: repr(r) for n, r in table_rows(life.world(), DOMAIN).items() if n not in RAW}
    return tables | {"index": repr(index_points(life.world(), DOMAIN))}


def _telling(said: dict[str, str]) -> set[str]:
    return {place for place, text in said.items() if any(part in text for part in PARTS)}


def _texts(life: Life) -> set[object]:
    return {payload["text"] for payload, _, _ in index_points(life.world(), DOMAIN).values()}


def test_a_value_is_in_no_table_after_the_words_and_nowhere_in_the_index() -> None:
    life = _life()
    life.run()
    assert _telling(_said(life)) == {"chunks", "points", "index"}
    life.redact("email", "card")
    life.run()
    assert _telling(_said(life)) == set()
    assert {"for [e-mail]", "a plain note"} <= _texts(life)


def test_texts_redacted_later_are_those_of_an_index_that_never_held_them() -> None:
    life = _life()
    life.run()
    life.redact("email", "card")
    life.run()
    assert life.index() == life.rebuild()[0]


def test_words_over_two_lines_are_one_value_and_the_box_stays() -> None:
    life = _life()
    life.redact("card")
    life.run()
    (point,) = [p for p, _, _ in index_points(life.world(), DOMAIN).values() if p["kind"] == "ocr"]
    assert (point["text"], point["box"]) == ("paid by card\n[card]", [0, 0, 40, 20])


def test_no_picture_and_no_page_is_looked_at_again() -> None:
    life = _life()
    life.run()
    life.redact("email", "card")
    done = life.run()
    assert all(done[name].unchanged for name in ("pages", "ocr", "captions", "image_vectors"))
    assert done["collection"].changes["deleted"] > 0


def test_a_run_counts_the_values_in_the_texts_that_it_cuts() -> None:
    life = _life()
    life.redact("email", "card")
    counts = [life.run()["chunks"].changes for _ in range(2)]
    assert counts == [{"redacted_card": 2, "redacted_email": 2}, {}]


def test_a_domain_with_rules_of_its_own_is_left_alone() -> None:
    life = _life()
    life.run()
    life.settings = life.settings.model_copy(update={"redact": {"*": ("card",), DOMAIN: ()}})
    assert planned_for(life)["chunks"].add == 0
    assert life.run()["chunks"].unchanged


def test_a_plan_tells_which_texts_are_cut_again() -> None:
    life = _life()
    life.run()
    life.redact("card", domain=DOMAIN)
    assert made(planned_for(life), "chunks") == truth_of(life).computed("chunks") == [4]
    assert made(planned_for(life), "chunks") == [0]


def test_a_shard_has_the_rules_of_its_domain() -> None:
    life = _life()
    life.settings = life.settings.model_copy(update={"shards": {DOMAIN: 2}})
    life.redact("email", "card", domain=DOMAIN)
    for shard in ("d~0-2", "d~1-2"):
        run_partition(life.world(), shard, Mode("first"))
        assert MAIL not in repr(life.state.tables.read("chunks", shard))


def test_words_of_before_come_back_from_the_memo() -> None:
    life = _life()
    life.run()
    before, life.ledger = life.index()[0], Ledger()
    for kinds in (("email", "card"), ()):
        life.redact(*kinds)
        life.run()
    assert life.index()[0] == before
    assert life.ledger.calls("ocr", "captioner") == 0


def test_an_index_that_never_held_a_value_leaves_none_of_it_in_the_texts_of_the_memo() -> None:
    life = _life()
    life.redact("email", "card")
    life.run()
    memo = life.state.memo
    assert isinstance(memo, MemoryMemo)
    held = {name for name, rows in memo._parts.items() if MAIL in repr(rows[1].to_dicts())}
    assert {name.split("/")[1] for name in held} <= {"pages", "captions"}


def test_neither_explanations_nor_logs_tell_a_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    life = _life()
    life.redact("email", "card")
    life.run()
    told = [explain(life.world(), DOMAIN, i) for i in index_points(life.world(), DOMAIN)]
    assert _telling({"explained": repr(told), "logged": caplog.text}) == set()


@pytest.mark.parametrize("decide", [rollback, promote])
def test_a_generation_that_comes_back_shows_no_value_that_is_redacted_since(
    decide: Callable[..., str],
) -> None:
    life = _life()
    life.run()
    life.change_model("text", "2")
    life.run()
    life.redact("email", "card")
    life.run()
    decide(life.world(), DOMAIN, ANNA, to="mmrag__d__g1")
    assert _telling(_said(life)) == set()
    assert "a plain note" in _texts(life)


def test_what_serves_meanwhile_loses_the_texts_with_values() -> None:
    life = _life()
    life.run()
    life.change_model("text", "2")
    life.run()
    rollback(life.world(), DOMAIN, ANNA)
    life.redact("email", "card")
    life.run()
    assert _telling(_said(life)) == set()
