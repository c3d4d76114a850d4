"""Files that show what nobody should be shown are out of the index, and told of."""

from dataclasses import replace

import pytest

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.generations import rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.records import Card, Judgement
from mmrag_pipeline.testing.ledger import Ledger
from mmrag_pipeline.testing.snapshot import index_points
from tests.indexing.foretold import planned_for, told, truth_of
from tests.indexing.life import DOMAIN, Life

ANNA = Said(by="anna")


class _Failing:
    """An image filter that breaks on every picture."""

    def __init__(self, card: Card) -> None:
        self.card = card

    def judge(self, pictures: object) -> list[tuple[Judgement, ...]]:
        """Break."""
        raise RuntimeError("out of order")


def _life() -> Life:
    """Return a life with pictures, documents and a text; the stub finds some pages odd."""
    life = Life()
    life.put(**{f"p{n}": f"img:{n}" for n in range(9)}, d="pdf:1|2|=a layer of text", t="txt:words")
    return life


def _shown(life: Life) -> set[str]:
    return {str(p["key"]) for p, _, _ in index_points(life.world(), DOMAIN).values()}


def _letters(life: Life) -> dict[str, str]:
    table = rows_of(life.state.tables, "dead_letters", DOMAIN)
    return dict(table.filter(reason="withheld").select("key", "message").iter_rows())


def test_a_file_with_a_withheld_page_is_out_of_the_index_with_a_reason() -> None:
    life = _life()
    life.run()
    everything = _shown(life)
    life.withhold("1")
    life.run()
    letters = _letters(life)
    assert 0 < len(letters) < len(everything)
    assert _shown(life) == everything - {*letters}
    assert all("'odd' with 0.900" in message for message in letters.values())


@pytest.mark.parametrize("odd", ["t@90x200", "u@90x200"])
def test_a_file_that_is_withheld_says_so_whatever_else_is_wrong_with_it(odd: str) -> None:
    life = Life()
    life.put(a=f"pdf:?s|?v|?w|{odd}|?x|?y")
    life.withhold("1", threshold=0.0)
    life.run()
    assert _letters(life).keys() == {"a"}


def test_turning_it_off_and_on_again_calls_no_model() -> None:
    life = _life()
    life.withhold("1")
    life.run()
    withheld, life.ledger = _shown(life), Ledger()
    life.withhold()
    life.run()
    assert _shown(life) > withheld
    assert _letters(life) == {}
    life.withhold("1")
    life.run()
    assert (_shown(life), life.ledger.calls()) == (withheld, 0)


def test_another_threshold_calls_no_model() -> None:
    life = _life()
    life.withhold("1")
    life.run()
    life.ledger = Ledger()
    life.withhold("1", threshold=0.95)
    life.run()
    assert (_letters(life), life.ledger.calls()) == ({}, 0)


def test_each_page_is_judged_once_and_drawn_once_for_all() -> None:
    life = _life()
    life.withhold("1")
    life.run()
    life.put(copy="img:1", again="pdf:2|1")
    life.run()
    assert life.ledger.calls("image_filter") == 12
    assert life.ledger.repeated() == 0


def test_what_cannot_be_judged_is_not_shown_until_it_is() -> None:
    life = _life()
    life.withhold("1")
    sound = life.models.image_filter
    assert sound is not None
    life.put(**{key: "txt:w" for key in ("p3", "p4", "p5", "p6", "p7", "p8")})
    life.models = replace(life.models, image_filter=_Failing(sound.card))
    life.run()
    assert not _shown(life) & {"p0", "p1", "p2", "d"}
    life.models = replace(life.models, image_filter=sound)
    life.run()
    assert life.index() == life.rebuild()[0]


def test_an_unknown_label_stops_the_run_and_names_those_there_are() -> None:
    life = _life()
    life.withhold("1")
    life.settings = life.settings.model_copy(update={"image_filter_labels": ("nsfw",)})
    with pytest.raises(SettingsError, match="'nsfw'; it has: fine, odd"):
        life.run()


def test_a_plan_tells_what_a_filter_that_judged_before_takes_out() -> None:
    life = _life()
    life.withhold("1")
    life.run()
    life.withhold()
    life.run()
    life.withhold("1")
    planned, done = planned_for(life)["points"], truth_of(life)
    assert planned.exact
    assert told(planned) == done.rows["points"]


def test_a_plan_does_not_pretend_to_know_what_nobody_judged() -> None:
    life = _life()
    life.run()
    life.withhold("1")
    assert not planned_for(life)["points"].exact


def test_a_generation_that_comes_back_shows_nothing_that_is_withheld_since() -> None:
    life = _life()
    life.run()
    life.change_model("text", "2")
    life.run()
    life.withhold("1")
    life.run()
    shown = _shown(life)
    rollback(life.world(), DOMAIN, ANNA)
    assert _shown(life) == shown


def test_without_a_filter_nothing_is_judged_or_remembered() -> None:
    life = _life()
    life.run()
    assert life.ledger.calls("image_filter") == 0
    assert "image_safety" not in {station for station, _ in life.state.memo.shelves()}  # type: ignore[attr-defined]  # a keeper
