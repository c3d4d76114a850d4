"""The sensor that empties the queue into the inbox and asks for runs of what the inbox holds.

Dagster writes a tick after our function returned: what was taken from the queue by then must
be safe already. So events are kept first, then acknowledged, and runs are asked for from what
is kept, not from what was received.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import dagster as dg

from mmrag_pipeline.assembly import Intake
from mmrag_pipeline.assets.job import INDEX
from mmrag_pipeline.assets.partitions import DOMAIN, domains, known_domains
from mmrag_pipeline.errors import QueueError
from mmrag_pipeline.ids import digest_json, domain_of, domains_of, partitions_of
from mmrag_pipeline.indexing.admission import admit
from mmrag_pipeline.indexing.retire import reroute
from mmrag_pipeline.sensors.listing import busy_domains
from mmrag_pipeline.sensors.past_runs import PastRun, history_of
from mmrag_pipeline.sensors.told import tell_waiting
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.absorb import Absorbed, absorb
from mmrag_pipeline.stores.inbox import put_at
from mmrag_pipeline.telemetry import trace_tags

BUDGET_S = 20.0
"""Of the 60 s that Dagster gives a tick."""
MOST = 10_000
"""Messages of one tick."""
UNREAD_REST_S = 600.0
"""Until entries are asked for again that a run left because a file could not be read."""
FAILED_REST_S = 3_600.0
"""Until entries of a failed run are asked for again, after the failure sensor gave up."""
EVENTS_ONLY = {"ops": {"raw_files": {"config": {"events": True}}}}
"""The config of a run that looks at the files of events only."""


def requests(
    waiting: Mapping[str, str], *, known: AbstractSet[str], trace: str = ""
) -> dg.SensorResult:
    """Ask for a run per partition with events in its inbox (name -> run key); add new ones.

    They are within the span `trace`.
    """
    new = sorted(waiting.keys() - known)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                partition_key=name, run_key=key, run_config=EVENTS_ONLY, tags=trace_tags(trace)
            )
            for name, key in sorted(waiting.items())
        ],
        dynamic_partitions_requests=[domains.build_add_request(new)] if new else [],
    )


def run_key(name: str, tokens: Sequence[str], last: PastRun | None, *, now_s: float) -> str:
    """Return what a run for these entries of the inbox is asked for by; Dagster takes a key once.

    Entries that the domain's last run left behind have another key after a rest: a file of them
    could not be read, or the run failed in a way that passes. What failed for good stays.
    """
    key = f"{name}@{digest_json(sorted(tokens))}"
    if last is None or last.lasting or max(map(put_at, tokens)) > last.ended_s:
        return key
    succeeded = last.status is dg.DagsterRunStatus.SUCCESS
    rested = now_s - last.ended_s >= (UNREAD_REST_S if succeeded else FAILED_REST_S)
    return f"{key}~{last.run_id}" if rested else key


@dataclass(slots=True)
class Door:
    """Lets in events of the domains that there may be, and remembers whom it left out."""

    instance: dg.DagsterInstance
    intake: Intake
    most: int
    refusal: str = ""
    """What to say of the last that were left out, empty when there was none."""

    def admit(self, names: Collection[str]) -> Collection[str]:
        """Return those that are let in.

        What there is is asked for after the events came: a domain that is added later lists its
        source later too, and needs none of them.
        """
        if {*names} <= {*domains_of(self.instance.get_dynamic_partitions(DOMAIN))}:
            return names
        known = known_domains(self.instance, self.intake.tables)
        there = {*known, *domains_of(self.intake.inbox.partitions())}
        admission = admit(names, known=there, most=self.most)
        self.refusal = admission.refusal or self.refusal
        return admission.domains


def event_sensor(
    settings: Settings, *, clock: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """Return the sensor `s3_events`, on by default: a queue was named to be read.

    `clock` tells Unix seconds.
    """

    @dg.sensor(
        name="s3_events",
        job=INDEX,
        minimum_interval_seconds=settings.event_interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes S3 events from the queue; asks for a run of each domain they name.",
    )
    def s3_events(
        context: dg.SensorEvaluationContext, intake: dg.ResourceParam[Intake]
    ) -> dg.SensorResult | dg.SkipReason:
        trouble = _absorb(context, intake, settings.max_domains)
        held = _held(intake)
        known = frozenset(context.instance.get_dynamic_partitions(DOMAIN))
        tell_waiting(intake.telemetry, held, known, now_s=clock())
        if not held and trouble:
            raise trouble
        if not held:
            return dg.SkipReason("no event is waiting")
        busy = busy_domains(context.instance)
        waiting = {
            name: run_key(name, tokens, _last(context.instance, name), now_s=clock())
            for name, tokens in held.items()
            if name not in busy
        }
        if not waiting:
            return requests(waiting, known=known)
        with intake.telemetry.span("sensor", {"sensor": "s3_events"}) as trace:
            return requests(waiting, known=known, trace=trace)

    return s3_events


def _held(intake: Intake) -> Mapping[str, Sequence[str]]:
    """Return partition -> its entries, those of other partitions than today's moved to these.

    What waits for a partition of before with an entry that cannot be read waits for the end of
    the split: a run that begins with a full listing.
    """
    inbox, shards = intake.inbox, intake.sinks.shards
    held = inbox.entries()
    strange = [name for name in held if name not in partitions_of(domain_of(name), shards)]
    for name in strange:
        if not inbox.pending(name).damaged:
            reroute(inbox, name, shards)
    held = inbox.entries() if strange else held
    return {name: tokens for name, tokens in held.items() if name not in strange}


def _last(instance: dg.DagsterInstance, name: str) -> PastRun | None:
    return next(iter(history_of(instance, name, limit=1)), None)


def _absorb(
    context: dg.SensorEvaluationContext, intake: Intake, most_domains: int
) -> QueueError | None:
    """Take what the queue has; return the error of a queue that cannot be read."""
    door = Door(context.instance, intake, most_domains)
    sinks = replace(intake.sinks, admit=door.admit)
    try:
        told = absorb(intake.queue, sinks, budget_s=BUDGET_S, most=MOST)
    except QueueError as error:
        context.log.error(str(error))
        return error
    if told.received:
        context.log.info(told_in_words(told))
    if door.refusal:
        context.log.warning(door.refusal)
    return None


def told_in_words(told: Absorbed) -> str:
    """Return what became of received messages, in one line."""
    kept = ", ".join(f"{name}: {count}" for name, count in sorted(told.events.items()))
    return (
        f"{told.received} messages: kept {kept or 'none'}; {told.ignored} without a change, "
        f"{told.foreign} of other places, {told.poisoned} not understood, {told.refused} events "
        f"of domains beyond MMRAG_MAX_DOMAINS dropped; {told.returning} could not be removed from "
        "the queue and come again"
    )
