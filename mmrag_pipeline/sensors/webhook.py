"""Tells a webhook of failed runs: each at least once, and never more than it may know."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.resources.webhook import Webhook
from mmrag_pipeline.sensors.listing import PARTITION_TAG
from mmrag_pipeline.sensors.past_runs import cause_of, history_of
from mmrag_pipeline.sensors.reruns import failures_in_a_row, fate

CAUSE_CHARACTERS = 500
MOST = 50
"""Notices of one tick."""
BUDGET_S = 20.0
"""Of the 60 s that Dagster gives a tick; one post more may begin before it is spent."""
_ELSEWHERE = "it is not tried again by itself"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class Notice:
    """What there is to say of a failed run."""

    job: str
    domain: str
    """Empty for a run of no domain, or of several."""
    run_id: str
    cause: str
    failures: int
    """In a row, this one included."""
    outlook: str
    """Whether it is tried again."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed run and where its failure stands in the event log."""

    position: int
    run: dg.DagsterRun | None
    """None for one that was deleted since."""


def text_of(notice: Notice) -> str:
    """Return a notice as two lines, its cause cut short."""
    cause = " ".join(notice.cause.split())
    cut = cause if len(cause) <= CAUSE_CHARACTERS else f"{cause[: CAUSE_CHARACTERS - 1]}…"
    whose = f" of {notice.domain}" if notice.domain else ""
    times = f" ({notice.failures} times in a row)" if notice.failures > 1 else ""
    return f"{notice.job}{whose} failed{times}: {cut}\n{notice.outlook} (run {notice.run_id})"


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is: what files and errors say cannot call anyone."""
    return text.translate(_ESCAPES)


def notice_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, *, attempts: int, now_s: float
) -> Notice:
    """Return the notice of a failed run; only the job `index` is ever asked for again."""
    domain = run.tags.get(PARTITION_TAG, "")
    cause = cause_of(instance, run.run_id)
    history = history_of(instance, domain, limit=attempts + 2) if domain else ()
    known = [past.run_id for past in history]
    if run.job_name != INDEX.name or run.run_id not in known:
        return Notice(run.job_name, domain, run.run_id, cause.message, 1, _ELSEWHERE)
    failures = failures_in_a_row(history[known.index(run.run_id) :])
    outlook = fate(history, now_s=now_s, attempts=attempts).value
    return Notice(run.job_name, domain, run.run_id, cause.message, failures, outlook)


def failed_since(instance: dg.DagsterInstance, position: int) -> Sequence[Failed]:
    """Return the failed runs after a position of the event log, the first first."""
    after = dg.RunStatusChangeRecordsFilter(
        dg.DagsterEventType.RUN_FAILURE, after_storage_id=position
    )
    found = instance.fetch_run_status_changes(after, limit=MOST, ascending=True)
    return [Failed(one.storage_id, instance.get_run_by_id(one.run_id)) for one in found.records]


def tell(context: dg.SensorEvaluationContext, webhook: Webhook | None, *, attempts: int) -> str:
    """Tell log and webhook of the runs that failed since the sensor's cursor; return the next one.

    The first tick only marks where to begin. A notice that the webhook may take later ends the
    telling for now; one that it will not take is left to the log.
    """
    cursor = context.cursor or ""
    if not cursor.isdecimal():
        return str(_newest(context.instance))
    told, began = int(cursor), time.monotonic()
    for failed in failed_since(context.instance, told):
        if time.monotonic() - began > BUDGET_S:
            break
        if failed.run and not _is_told(context, webhook, failed.run, attempts=attempts):
            break
        told = failed.position
    return str(told)


def _is_told(
    context: dg.SensorEvaluationContext,
    webhook: Webhook | None,
    run: dg.DagsterRun,
    *,
    attempts: int,
) -> bool:
    """Tell of a run; return False when it has to be told of again."""
    text = text_of(notice_of(context.instance, run, attempts=attempts, now_s=time.time()))
    context.log.warning(text)
    refusal = webhook.post(escaped(text)) if webhook else None
    if refusal:
        context.log.warning(f"The webhook did not take this notice: {refusal.told}")
    return refusal is None or not refusal.may_pass


def _newest(instance: dg.DagsterInstance) -> int:
    """Return the position of the last failure, 0 without one."""
    found = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=1)
    return found.records[0].storage_id if found.records else 0
