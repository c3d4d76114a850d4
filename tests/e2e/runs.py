"""Ticks and runs in this process: real stores, sources and queue, models that cost nothing."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import dagster as dg

from mmrag_pipeline.assembly import Intake, open_intake, open_world
from mmrag_pipeline.assets.partitions import add_partitions
from mmrag_pipeline.assets.run_index import index_job, run_config
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import Card
from mmrag_pipeline.resources.pipeline import Pipeline
from mmrag_pipeline.resources.run_processes import process_tags
from mmrag_pipeline.sensors.listing import PARTITION_TAG
from mmrag_pipeline.sensors.s3_events import event_sensor
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.ledger import Ledger, audited
from mmrag_pipeline.testing.snapshot import Point, index_points, table_rows
from mmrag_pipeline.testing.worlds import TODAY, Models

Index = tuple[dict[str, Point], dict[str, list[dict[str, object]]]]


@dataclass(frozen=True, slots=True)
class Diary(Ledger):
    """A ledger in a file: it outlives the process that made the calls."""

    path: Path = Path()

    def note(self, role: str, card: Card, digests: Sequence[str]) -> None:
        """Write down one call."""
        with self.path.open("a") as lines:
            lines.writelines(f"{role} {card.fingerprint} {digest}\n" for digest in digests)

    def written(self) -> Counter[str]:
        """Return how often each engine saw each input, in whichever process."""
        return Counter(self.path.read_text().splitlines() if self.path.exists() else ())


def diary_of(settings: Settings) -> Diary:
    """Return the diary of a state folder."""
    return Diary(path=settings.home / "calls.txt")


@contextmanager
def stubbed(settings: Settings, ledger: Ledger) -> Iterator[World]:
    """Open the world of the settings, its models exchanged for stubs that a ledger watches."""
    models = audited(Models(), ledger)
    with open_world(settings) as world:
        yield replace(
            world,
            ocr=models.ocr,
            captioner=models.captioner,
            image_text=models.image_text,
            text=models.text,
            sparse=models.sparse,
            clock=lambda: TODAY,
        )


def tick(
    instance: dg.DagsterInstance,
    settings: Settings,
    *,
    intake: Intake | None = None,
    later_s: float = 0.0,
) -> dg.SensorResult | dg.SkipReason:
    """Make one tick of the event sensor, now or later, and add the domains that it asks for."""
    resources = {"intake": intake or open_intake(settings)}
    with dg.build_sensor_context(instance, resources=resources) as context:
        result = event_sensor(settings, clock=lambda: time.time() + later_s)(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    if isinstance(result, dg.SensorResult):
        for request in result.dynamic_partitions_requests or ():
            add_partitions(instance, request.partition_keys)
    return result


def asked(result: dg.SensorResult | dg.SkipReason) -> dict[str, dg.RunRequest]:
    """Return the run requests of a tick by domain."""
    found = (result.run_requests or ()) if isinstance(result, dg.SensorResult) else ()
    return {str(request.partition_key): request for request in found}


def execute(
    world: World, request: dg.RunRequest, *, instance: dg.DagsterInstance, run_id: str = ""
) -> dg.ExecuteInProcessResult:
    """Execute what a sensor asked for, in this process."""
    chosen = run_id or str(uuid4())
    tags = {**request.tags, PARTITION_TAG: str(request.partition_key), **process_tags(chosen)}
    quiet: Mapping[str, object] = {"loggers": run_config(Mode(""))["loggers"]}
    return index_job(Pipeline(world)).execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        run_config={**quiet, **request.run_config},
        run_id=chosen,
        tags=tags,
        raise_on_error=False,
    )


def index(world: World, domain: str) -> Index:
    """Return what is served and all tables, as far as the laws go."""
    return index_points(world, domain), table_rows(world, domain)


def rebuilt(settings: Settings, domain: str) -> Index:
    """Return the index that a rebuild from nothing gives, under a folder of its own."""
    home = settings.home / "rebuilt"
    with stubbed(settings.model_copy(update={"home": home}), Ledger()) as world:
        run_partition(world, domain, Mode("rebuild"))
        return index(world, domain)
