"""A file's category: by rules, else by its folder; in payloads at no model call."""

import polars as pl
import pytest

from mmrag_pipeline.indexing.raw_files import by_rules
from mmrag_pipeline.testing.snapshot import index_points
from mmrag_pipeline.testing.worlds import fake_settings
from tests.indexing.foretold import planned_for, told, truth_of
from tests.indexing.life import DOMAIN, Life


def _categories(life: Life) -> dict[object, object]:
    points = index_points(life.world(), DOMAIN).values()
    return {payload["key"]: payload["category"] for payload, _, _ in points}


def _three() -> Life:
    life = Life()
    life.put(**{"a.png": "img:1", "bills/2026/b.png": "img:2", "notes/c.txt": "txt:a few words"})
    life.run()
    return life


@pytest.mark.parametrize(
    ("key", "category"),
    [
        ("a.png", ""),
        ("bills/2026/b.png", "bills"),
        ("/b.png", ""),
        ("two\nlines/b.png", "two\nlines"),
        ("x/old/b.png", "archive"),
        ("x/older/b.png", "x"),
        ("x/Old/b.png", "x"),
        ("none/b.png", ""),
    ],
)
def test_the_first_rule_decides_and_the_first_folder_where_none_does(
    key: str, category: str
) -> None:
    rules = {"d/*/old/*": "archive", "d/none/*": "", "d/x/old/*": "never", "other/*": "never"}
    settings = fake_settings().model_copy(update={"category_rules": rules})
    assert by_rules(settings, "d", pl.Series([key]))[1].to_list() == [category]


def test_a_file_has_the_category_of_its_first_folder() -> None:
    expected = {"a.png": "", "bills/2026/b.png": "bills", "notes/c.txt": "notes"}
    assert _categories(_three()) == expected


def test_other_rules_change_payloads_at_no_model_call() -> None:
    life = _three()
    calls = life.ledger.calls()
    life.sort_into("letters")
    changes = life.run()["collection"].changes
    assert (changes["upserted"], changes["payloads"]) == (0, 3)
    assert life.ledger.calls() == calls
    assert _categories(life)["a.png"] == "letters"


def test_a_plan_tells_exactly_which_points_other_rules_change() -> None:
    life = _three()
    life.sort_into("letters")
    planned, done = planned_for(life), truth_of(life)
    assert planned["points"].exact
    assert told(planned["points"]) == done.rows["points"]
    assert planned["points"].change == 3


def test_rules_that_give_what_the_folder_gave_change_nothing() -> None:
    life = _three()
    rules = {f"{DOMAIN}/bills/*": "bills"}
    life.settings = life.settings.model_copy(update={"category_rules": rules})
    assert life.run()["collection"].computed == 0
