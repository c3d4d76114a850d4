"""What a station is: a name, what it reads, what it depends on, and how it makes its table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import polars as pl

from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.ids import Json, digest_json, domain_of
from mmrag_pipeline.indexing.meter import Meter
from mmrag_pipeline.keepers import TableCatalog
from mmrag_pipeline.model_ports import (
    Captioner,
    ImageFilter,
    ImageTextEncoder,
    Ocr,
    SparseEncoder,
    TextEncoder,
)
from mmrag_pipeline.ports import Gate, Inbox, Memo, ObjectStore, PageReader, Progress, VectorStore
from mmrag_pipeline.records import Lineage
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.telemetry import SILENT, Telemetry


class OpenGate:
    """Lets every generation pass: no query tells a good one from a bad one."""

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Return that nobody was asked."""
        return GateVerdict(True, "no labelled queries are named (MMRAG_GATE_QUERIES)")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """Every port a station may use; made by assembly, or of fakes by tests."""

    settings: Settings
    source: ObjectStore
    tables: TableCatalog
    memo: Memo
    reader: PageReader
    ocr: Ocr
    captioner: Captioner
    image_text: ImageTextEncoder
    text: TextEncoder
    sparse: SparseEncoder
    vectors: VectorStore
    progress: Progress
    inbox: Inbox
    kept_shards: Callable[[], Mapping[str, int]]
    """Tells domain -> shards as the last run named them, which may have begun after this one."""
    clock: Callable[[], datetime] = _now
    gate: Gate = field(default_factory=OpenGate)
    image_filter: ImageFilter | None = None
    telemetry: Telemetry = SILENT
    meter: Meter = field(default_factory=Meter)
    """Measures what steps spend."""
    domain: str = ""
    """Whose partition is worked on: some settings differ by domain; empty for none."""

    def of(self, partition: str) -> "World":
        """Return the world in which a partition is worked on."""
        return replace(self, domain=domain_of(partition))


@dataclass(frozen=True, slots=True)
class Recipe:
    """What, besides upstream tables, decides a station's output."""

    parameters: Json
    cards: Mapping[str, str] = field(default_factory=dict)
    """Role -> card fingerprint."""

    @property
    def digest(self) -> str:
        """Return the digest that lineage and memo paths carry."""
        return digest_json([self.parameters, dict(self.cards)])


@dataclass(frozen=True, slots=True)
class Mode:
    """How a run was asked for."""

    run_id: str
    force: bool = False
    """Make the table again even when nothing it depends on changed (the memo still serves)."""
    replay: bool = False
    """Try items again that failed for good."""
    events: bool = False
    """Look only at the files that events named, not at all that the source has."""
    backfill: str = ""
    """Name of the backfill that asked for it."""
    trace: str = ""
    """The span that asked for it (traceparent)."""


@dataclass(frozen=True, slots=True)
class Job:
    """One station's work on one partition."""

    partition: str
    mode: Mode
    recipe: Recipe
    frames: Mapping[str, pl.DataFrame]
    upstream: Mapping[str, str]
    """The digests of the frames: what was really read, whatever others write meanwhile."""
    failures: pl.DataFrame
    """The station's last failures under the same recipe."""
    replaces: Lineage | None = None
    """The station's own table when the work began; its new one is written in no other's place."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Made:
    """A station's table and what it cost."""

    table: pl.DataFrame
    failures: pl.DataFrame
    computed: int
    """Items that cost a call; for models, the number of inputs they saw."""
    reused: int
    changes: Mapping[str, int] = field(default_factory=dict)
    """Further counts worth showing, such as points upserted or deleted."""
    model_s: float = 0.0
    """Seconds its own model took, for stations that share a step."""
    committed: Callable[[], None] = _nothing
    """Called when the table is safe; a killed process may never call it."""


@dataclass(frozen=True, slots=True)
class Station:
    """One table of the index and what it depends on."""

    name: str
    upstream: tuple[str, ...]
    recipe: Callable[[World], Recipe]
    stateful: bool = False
    """True when the world outside may have changed although no upstream table did."""
    commits_itself: bool = False
    """True when the step reads and writes its tables itself, under a lock that it holds."""


Make = Callable[[World, Mapping[str, Job]], Mapping[str, Made]]


@dataclass(frozen=True, slots=True)
class Step:
    """Stations that are made together because they need the same bytes in memory."""

    stations: tuple[Station, ...]
    make: Make


def alone(station: Station, make: Callable[[World, Job], Made]) -> Step:
    """Return the step of a station that shares its work with no other."""

    def make_one(world: World, jobs: Mapping[str, Job]) -> Mapping[str, Made]:
        return {name: make(world, job) for name, job in jobs.items()}

    return Step((station,), make_one)


def fixed(parameters: Json) -> Callable[[World], Recipe]:
    """Return the recipe of a station that depends on no model and no setting."""
    return lambda _world: Recipe(parameters)
