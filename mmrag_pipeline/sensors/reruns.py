"""Decides which domains are asked for again after a failed run, and what is said of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import dagster as dg

from mmrag_pipeline.assets.stations import ASSETS
from mmrag_pipeline.sensors.past_runs import PastRun

REST_S = 60.0
"""Between the first failure of a domain and the next try; twice as long after each further."""
LONGEST_REST_S = 3_600.0
AGAIN_TAG = "mmrag/again_after"
"""The failed run because of which a run was asked for."""
_WISHES = ("force", "replay")


class Fate(Enum):
    """What comes after the newest run of a domain; the value says it to people."""

    IN_FLIGHT = "another run is under way"
    SETTLED = "a later run has dealt with it"
    LASTING = "not tried again, it would fail again: mend the cause, then materialize the domain"
    GIVEN_UP = "not tried again, it failed too often: mend the cause, then materialize the domain"
    RESTING = "it will be tried again"
    DUE = "it is tried again now"


@dataclass(frozen=True, slots=True)
class Again:
    """A domain to ask for again, and the failed run because of which."""

    partition: str
    failed_run: str


def failures_in_a_row(history: Sequence[PastRun]) -> int:
    """Return how many runs failed since one succeeded; `history` has the newest first."""
    count = 0
    for run in history:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            break
        count += run.failed
    return count


def fate(history: Sequence[PastRun], *, now_s: float, attempts: int) -> Fate:
    """Return what comes after a domain's newest run; `history` has the newest first.

    An unfinished run may still mend what failed, and one that a person cancelled is not wanted.
    After a run that failed for good, and after more than `attempts` failures in a row, it is
    for a person to do something; the nightly reconcile tries once a day.
    """
    if not history or not history[0].failed:
        running = bool(history) and not history[0].finished
        return Fate.IN_FLIGHT if running else Fate.SETTLED
    failures = failures_in_a_row(history)
    if history[0].lasting:
        return Fate.LASTING
    if failures > attempts:
        return Fate.GIVEN_UP
    rest_s = min(REST_S * 2.0 ** (failures - 1), LONGEST_REST_S)
    return Fate.DUE if now_s >= history[0].ended_s + rest_s else Fate.RESTING


def rerequests(
    histories: Mapping[str, Sequence[PastRun]], *, now_s: float, attempts: int
) -> list[Again]:
    """Return the domains to ask for now, sorted; each failed run leads to one request at most."""
    return [
        Again(name, history[0].run_id)
        for name, history in sorted(histories.items())
        if fate(history, now_s=now_s, attempts=attempts) is Fate.DUE
    ]


def request(again: Again, config: Mapping[str, object]) -> dg.RunRequest:
    """Return the request of a domain whose failed run had a config; taken once, for ever.

    What a person wished for (force, replay) stays. That the failed run was to look at the files
    of events only does not: a full listing finds those, and whatever else is missing.
    """
    return dg.RunRequest(
        partition_key=again.partition,
        run_key=f"{again.partition}!{again.failed_run}",
        run_config=_wishes(config),
        tags={AGAIN_TAG: again.failed_run},
    )


def _wishes(config: Mapping[str, object]) -> dict[str, object]:
    """Return the part of a run's config that a person wished for, for stations there still are."""
    asked = config.get("ops")
    ops = asked if isinstance(asked, Mapping) else {}
    kept = {asset.op.name: _wish(ops.get(asset.op.name)) for asset in ASSETS}
    wished = {name: {"config": wish} for name, wish in kept.items() if wish}
    return {"ops": wished} if wished else {}


def _wish(op: object) -> dict[str, bool]:
    config = op.get("config") if isinstance(op, Mapping) else None
    held = config if isinstance(config, Mapping) else {}
    return {name: True for name in _WISHES if held.get(name) is True}
