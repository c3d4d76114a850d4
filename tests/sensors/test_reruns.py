"""A failed domain is asked for again a few times, ever later, and never when it cannot help."""

from collections.abc import Mapping

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.assets.run_index import run_config
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.sensors.past_runs import PastRun
from mmrag_pipeline.sensors.reruns import (
    LONGEST_REST_S,
    REST_S,
    Again,
    Fate,
    failures_in_a_row,
    fate,
    request,
    rerequests,
)
from mmrag_pipeline.sensors.s3_events import EVENTS_ONLY

SHOP = "shop"
LATER = 1e9
Status = dg.DagsterRunStatus
F, S, C, R = Status.FAILURE, Status.SUCCESS, Status.CANCELED, Status.STARTED


def past(*statuses: Status, ended_s: float = 0.0, lasting: bool = False) -> list[PastRun]:
    """Return runs that ended so, the newest first."""
    return [PastRun(f"r{n}", s, ended_s, lasting) for n, s in enumerate(statuses)]


def test_a_domain_whose_last_run_failed_is_asked_for_again() -> None:
    assert rerequests({SHOP: past(F, S)}, now_s=LATER, attempts=3) == [Again(SHOP, "r0")]


@pytest.mark.parametrize("newest", [S, C, R, Status.QUEUED])
def test_a_domain_whose_last_run_did_not_fail_is_left_alone(newest: Status) -> None:
    assert rerequests({SHOP: past(newest, F)}, now_s=LATER, attempts=3) == []


def test_a_domain_without_a_run_is_left_alone() -> None:
    assert rerequests({SHOP: []}, now_s=LATER, attempts=3) == []


def test_a_run_that_failed_for_good_is_never_asked_for_again() -> None:
    history = past(F, lasting=True)
    assert rerequests({SHOP: history}, now_s=LATER, attempts=99) == []
    assert fate(history, now_s=LATER, attempts=99) is Fate.LASTING


def test_too_many_failures_in_a_row_are_given_up() -> None:
    assert fate(past(F, F, F), now_s=LATER, attempts=3) is Fate.DUE
    assert fate(past(F, F, F, F), now_s=LATER, attempts=3) is Fate.GIVEN_UP


def test_a_success_begins_the_count_anew() -> None:
    assert fate(past(F, S, F, F, F), now_s=LATER, attempts=1) is Fate.DUE


def test_a_cancelled_run_is_no_failure_and_no_success() -> None:
    assert failures_in_a_row(past(F, C, F, S, F)) == 2


def test_with_no_attempts_nothing_is_asked_for_again() -> None:
    assert rerequests({SHOP: past(F)}, now_s=LATER, attempts=0) == []


@pytest.mark.parametrize(("failures", "rest_s"), [(1, REST_S), (3, 4 * REST_S), (9, 3_600.0)])
def test_a_domain_rests_longer_the_more_runs_failed(failures: int, rest_s: float) -> None:
    history = past(*[F] * failures, ended_s=1_000.0)
    assert fate(history, now_s=1_000.0 + rest_s - 1, attempts=99) is Fate.RESTING
    assert fate(history, now_s=1_000.0 + rest_s, attempts=99) is Fate.DUE
    assert rest_s <= LONGEST_REST_S


def test_each_failed_run_has_one_run_key() -> None:
    asked = request(Again(SHOP, "r7"), {})
    assert (asked.partition_key, asked.run_key) == (SHOP, "shop!r7")
    assert asked.tags["mmrag/again_after"] == "r7"


def test_what_a_person_wished_for_is_kept() -> None:
    asked = request(Again(SHOP, "r1"), run_config(Mode("", force=True)))
    assert asked.run_config["ops"]["pages"] == {"config": {"force": True}}
    assert "loggers" not in asked.run_config


def test_a_run_of_events_is_asked_for_again_as_a_full_one() -> None:
    assert request(Again(SHOP, "r1"), EVENTS_ONLY).run_config == {}


@pytest.mark.parametrize(
    "config",
    [
        {"ops": None},
        {"ops": ["pages"]},
        {"ops": {"pages": None}},
        {"ops": {"pages": {"config": "force"}}},
        {"ops": {"pages": {"config": {"force": "yes"}}}},
        {"ops": {"a_station_of_old": {"config": {"force": True}}}},
    ],
)
def test_a_config_that_makes_no_sense_wishes_for_nothing(config: Mapping[str, object]) -> None:
    assert request(Again(SHOP, "r1"), config).run_config == {}


@given(st.integers(0, 6), st.lists(st.sampled_from([F, S, C]), max_size=4))
def test_a_domain_that_always_fails_is_asked_for_so_many_times_and_no_more(
    attempts: int, before: list[Status]
) -> None:
    history, asked, now_s = past(F, S, *before), 0, 0.0
    for n in range(40):
        now_s += LONGEST_REST_S
        if rerequests({SHOP: history}, now_s=now_s, attempts=attempts):
            asked += 1
            history = [PastRun(f"again{n}", F, now_s), *history]
    assert asked == attempts


@given(st.dictionaries(st.text(max_size=3), st.lists(st.sampled_from([F, S, C, R]), max_size=5)))
def test_only_domains_whose_last_run_failed_are_asked_for(
    statuses: dict[str, list[Status]],
) -> None:
    histories = {name: past(*held) for name, held in statuses.items()}
    asked = [again.partition for again in rerequests(histories, now_s=LATER, attempts=9)]
    assert asked == sorted(name for name, held in statuses.items() if held[:1] == [F])
