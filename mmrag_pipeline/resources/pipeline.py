"""The world of a run as a Dagster resource, made of settings."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import dagster as dg

from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.observing.opened import telemetry_of
from mmrag_pipeline.resources.environment import read_settings
from mmrag_pipeline.resources.run_processes import note_process
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.kept import keep_settings
from mmrag_pipeline.stores.run_lock import running


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The world that assets work on, and what they did there."""

    world: World
    outcomes: list[Outcome] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What went wrong without stopping them."""


class PipelineResource(dg.ConfigurableResource[Pipeline]):
    """Opens the world of `MMRAG_*` settings for a run; models load once per process."""

    source_root: str | None = None
    """Overrides MMRAG_SOURCE_ROOT."""
    source_domain: str | None = None
    """Overrides MMRAG_SOURCE_DOMAIN."""

    @contextmanager
    def yield_for_execution(
        self, context: dg.InitResourceContext
    ) -> Generator[Pipeline, None, None]:
        """Open the world, hand it out, close it."""
        from mmrag_pipeline.assembly import check_gate, open_blobs, open_world

        note_process(context)
        settings = self._settings()
        telemetry_of(settings, stays=True)
        # a sensor only looks: it keeps no settings, neither waits for a purge nor holds one up
        held: AbstractContextManager[None] = nullcontext()
        if context.run is not None:
            check_gate(settings)
            keep_settings(settings, open_blobs(settings))
            held = running(settings.home)
        with held, open_world(settings) as world:
            yield Pipeline(world)

    def _settings(self) -> Settings:
        chosen = {"source_root": self.source_root, "source_domain": self.source_domain}
        overrides = {name: value for name, value in chosen.items() if value is not None}
        return read_settings().model_copy(update=overrides)
