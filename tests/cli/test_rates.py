"""Rates are learned from runs that computed enough to tell."""

from pathlib import Path

import pytest

from mmrag_pipeline.cli.rates import learn_rates, learned_rates
from mmrag_pipeline.indexing.plan import RATES
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.settings import Settings


def settings(home: Path) -> Settings:
    return Settings.model_validate({"home": home})


def ocr(computed: int, seconds: float) -> Outcome:
    return Outcome("ocr", "d", computed, computed, 0, 0, seconds, False, "")


def test_without_runs_the_defaults_are_used(tmp_path: Path) -> None:
    assert learned_rates(settings(tmp_path)) == RATES


def test_a_run_moves_the_rate_towards_what_it_measured(tmp_path: Path) -> None:
    learn_rates(settings(tmp_path), [ocr(100, 300.0)])
    assert RATES["ocr"] < learned_rates(settings(tmp_path))["ocr"] < 3.0


def test_a_run_of_a_few_items_teaches_nothing(tmp_path: Path) -> None:
    learn_rates(settings(tmp_path), [ocr(2, 60.0)])
    assert learned_rates(settings(tmp_path)) == RATES


@pytest.mark.parametrize("damage", ["", "[1]", '{"ocr": "fast"}'])
def test_a_damaged_file_costs_only_precision(tmp_path: Path, damage: str) -> None:
    (tmp_path / "rates.json").write_text(damage)
    assert learned_rates(settings(tmp_path)) == RATES
