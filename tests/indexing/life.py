"""A partition's life: files change, models change, runs happen and die."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from mmrag_pipeline.engines.stub import StubCaptioner, StubFilter, StubImageText, StubOcr, StubText
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, OpenGate, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.ports import Gate
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from mmrag_pipeline.testing.ledger import BrokenOcr, Entry, Ledger, audited
from mmrag_pipeline.testing.snapshot import Point, index_points, table_rows
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.sparse import StubSparse
from mmrag_pipeline.testing.worlds import TODAY, Models, State, fake_settings, fake_world

DOMAIN = "d"
Index = tuple[dict[str, Point], dict[str, list[dict[str, object]]]]


@dataclass(slots=True)
class Life:
    """Source, state, models and settings of one partition, and the calls it cost."""

    source: FakeSource = field(default_factory=FakeSource)
    state: State = field(default_factory=State)
    models: Models = field(default_factory=Models)
    settings: Settings = field(default_factory=fake_settings)
    ledger: Ledger = field(default_factory=Ledger)
    runs: int = 0
    now: datetime = TODAY
    gate: Gate = field(default_factory=OpenGate)

    def __post_init__(self) -> None:
        self.source.files.setdefault(DOMAIN, {})

    def world(self, *, state: State | None = None, ledger: Ledger | None = None) -> World:
        """Return the world as it is now."""
        models = audited(self.models, self.ledger if ledger is None else ledger)
        held = self.state if state is None else state
        world = fake_world(self.source, state=held, models=models, settings=self.settings)
        return replace(world, clock=lambda: self.now, gate=self.gate)

    def put(self, **files: str) -> None:
        """Write files; `a="img:1"` writes the key `a`."""
        for key, content in files.items():
            self.source.put(DOMAIN, key, content.encode())

    def change_model(self, role: str, revision: str) -> None:
        """Exchange one model."""
        engine = {
            "ocr": StubOcr,
            "captioner": StubCaptioner,
            "image_text": StubImageText,
            "text": StubText,
            "sparse": StubSparse,
        }[role](revision=revision)
        self.models = replace(self.models, **{role: engine})  # type: ignore[arg-type]  # by role

    def break_ocr(self) -> None:
        """Exchange the OCR engine for one that fails on everything."""
        self.models = replace(self.models, ocr=BrokenOcr(StubOcr(revision="broken").card))

    def show_to(self, group: str) -> None:
        """Change who may see the files that begin with `a`."""
        rules = {"visibility_rules": {f"{DOMAIN}/a*": (group,)}}
        self.settings = self.settings.model_copy(update=rules)

    def keep_private(self, *domains: str) -> None:
        """Change which domains are private."""
        self.settings = self.settings.model_copy(update={"private_domains": domains})

    def redact(self, *kinds: str, domain: str = "*") -> None:
        """Change which personal data is taken out of texts."""
        self.settings = self.settings.model_copy(update={"redact": {domain: kinds}})

    def withhold(self, revision: str = "", *, threshold: float = 0.5) -> None:
        """Change the image filter; without a revision there is none."""
        self.models = replace(
            self.models, image_filter=StubFilter(revision=revision) if revision else None
        )
        rules = {"image_filter_labels": ("odd",), "image_filter_threshold": threshold}
        self.settings = self.settings.model_copy(update=rules)

    def sort_into(self, category: str) -> None:
        """Change the category of the files that begin with `a`."""
        rules = {"category_rules": {f"{DOMAIN}/a*": category}}
        self.settings = self.settings.model_copy(update=rules)

    def run(
        self, *, force: bool = False, replay: bool = False, events: bool = False
    ) -> dict[str, Outcome]:
        """Run every station; return station -> outcome."""
        self.runs += 1
        mode = Mode(f"run-{self.runs}", force=force, replay=replay, events=events)
        return {o.station: o for o in run_partition(self.world(), DOMAIN, mode)}

    def run_until(self, fuse: Fuse, *, events: bool = False) -> bool:
        """Run with a fuse; return whether the run was killed."""
        self.runs += 1
        world = self.world(state=frail(self.state, fuse))
        try:
            run_partition(world, DOMAIN, Mode(f"run-{self.runs}", events=events))
        except Killed:
            return True
        return False

    def index(self) -> Index:
        """Return what is served and all tables, as far as the laws go."""
        return index_points(self.world(), DOMAIN), table_rows(self.world(), DOMAIN)

    def rebuild(self) -> tuple[Index, set[Entry]]:
        """Return the index that a rebuild from nothing gives, and the calls it needs."""
        ledger = Ledger()
        world = self.world(state=State(), ledger=ledger)
        run_partition(world, DOMAIN, Mode("rebuild"))
        index = index_points(world, DOMAIN), table_rows(world, DOMAIN)
        return index, set(ledger.entries)
