"""Which queries are shown, and why."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from mmrag_pipeline.evaluation.chosen import BEST, CHANGED, WORST, chosen, moved
from mmrag_pipeline.evaluation.runs import Run, Values
from mmrag_pipeline.evaluation.scoring import Latency
from mmrag_pipeline.evaluation_settings import EvaluationSettings

AT = datetime(2026, 1, 2, tzinfo=UTC)


def run(values: Values) -> Run:
    kinds = {query: "words" for _, query in values}
    return Run("r", AT, "asked", "{}", Latency(0.1, 0.2, 10.0), values, kinds)


def fused(**values: float) -> Values:
    return {("fused", query): value for query, value in values.items()}


def test_changed_ones_come_first_then_the_worst_then_the_best() -> None:
    now = run(fused(a=0.1, b=1.0, c=0.5, d=0.0))
    before = run(fused(a=0.1, b=1.0, c=0.9, d=0.0))
    found = chosen(now, before)
    assert [(one.query_id, one.why) for one in found] == [
        ("c", "changed"),
        ("d", "worst"),
        ("a", "worst"),
        ("b", "best"),
    ]
    assert found[0].before == 0.9


def test_without_a_run_before_nothing_changed() -> None:
    assert [one.why for one in chosen(run(fused(a=0.5, b=1.0)), None)] == ["worst", "best"]


def test_losses_come_before_gains_and_of_each_the_largest_first() -> None:
    before = run(fused(a=0.5, b=0.5, c=0.5, d=0.25))
    found = chosen(run(fused(a=0.75, b=0.25, c=0.0, d=1.0)), before)
    assert [one.query_id for one in found] == ["c", "b", "d", "a"]


def test_what_moved_is_counted() -> None:
    before = run(fused(a=0.5, b=0.5, c=0.5, d=0.25))
    assert moved(run(fused(a=0.75, b=0.25, c=0.0, d=0.25)), before) == (2, 1)


def test_what_the_fusion_lost_is_worse_than_what_no_signal_finds() -> None:
    values = fused(a=0.0, b=0.0) | {("bm25", "a"): 0.0, ("bm25", "b"): 1.0}
    assert [one.query_id for one in chosen(run(values), None)] == ["b", "a"]


def test_what_the_fusion_earned_is_better_than_what_one_signal_gives() -> None:
    values = fused(a=1.0, b=1.0) | {("text", "a"): 1.0, ("text", "b"): 0.5}
    assert [one.query_id for one in chosen(run(values), None)] == ["b", "a"]


def test_each_query_is_chosen_once_and_no_more_than_the_limits() -> None:
    many = {("fused", f"q{n:02}"): n / 100 for n in range(60)}
    before = replace(run(many), values={pair: value + 0.1 for pair, value in many.items()})
    ids = [one.query_id for one in chosen(run(many), before)]
    assert len(ids) == len(set(ids)) == CHANGED + WORST + BEST


def test_a_contact_sheet_may_have_a_picture_of_each_query_shown_and_no_more() -> None:
    most = CHANGED + WORST + BEST
    assert EvaluationSettings(eval_sheet_pictures=most).eval_sheet_pictures == most
    with pytest.raises(ValidationError):
        EvaluationSettings(eval_sheet_pictures=most + 1)
