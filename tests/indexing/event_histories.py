"""Random histories of a bucket whose notices come twice, late, in any order, or never."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from hypothesis import strategies as st

from mmrag_pipeline.ids import Json
from mmrag_pipeline.indexing.run import run_step
from mmrag_pipeline.indexing.station import Mode, Step, World
from mmrag_pipeline.stores.absorb import Sinks, absorb
from mmrag_pipeline.stores.locate import Located, locate
from mmrag_pipeline.stores.places import S3Place
from mmrag_pipeline.stores.poison import Poison
from mmrag_pipeline.testing.frail import Fuse, Killed, frail
from mmrag_pipeline.testing.queue import MemoryQueue
from tests.indexing.life import DOMAIN, Life

Act = tuple[str, ...]
"""A name and its arguments, so that a failing history can be read."""
BUCKET = "bucket"
KEYS = ("a", "b", "c/d", "e f+g%")
CONTENTS = ("img:1", "img:2", "txt:words", "bad", "")


@dataclass(slots=True)
class Refuse:
    """Poison that is kept in a list."""

    held: list[Poison] = field(default_factory=list)

    def put(self, messages: Iterable[Poison]) -> None:
        """Keep messages."""
        self.held += messages


@dataclass(slots=True)
class Bucket:
    """A life whose source tells a queue of each change."""

    steps: tuple[Step, ...]
    """What a run does."""
    life: Life = field(default_factory=Life)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    poison: Refuse = field(default_factory=Refuse)
    on_the_way: list[str] = field(default_factory=list)
    sequence: int = 0

    def __post_init__(self) -> None:
        self.life.source.is_bucket = True

    def put(self, key: str, content: str) -> None:
        """Write an object."""
        self.life.source.put(DOMAIN, key, content.encode())
        self._tell("ObjectCreated:Put", key)

    def copy(self, key: str, target: str) -> None:
        """Copy an object that is there."""
        if key in self.life.source.files[DOMAIN]:
            self.life.source.copy(DOMAIN, key, target)
            self._tell("ObjectCreated:Copy", target)

    def delete(self, key: str) -> None:
        """Remove an object that is there."""
        if key in self.life.source.files[DOMAIN]:
            self.life.source.delete(DOMAIN, key)
            self._tell("ObjectRemoved:Delete", key)

    def deliver(self, at: str, how: str) -> None:
        """Let one notice arrive: now, twice, or never."""
        if not self.on_the_way:
            return
        body = self.on_the_way.pop(int(at) % len(self.on_the_way))
        for _ in range({"once": 1, "twice": 2, "never": 0}[how]):
            self.queue.bodies[max(self.queue.bodies, default=0) + 1] = body

    def poisoned(self) -> None:
        """Let a message arrive that nobody can read."""
        self.queue.bodies[max(self.queue.bodies, default=0) + 1] = '{"Records": [{}]}'

    def look(self) -> None:
        """Empty the queue into the inbox, as a tick of the sensor does."""
        sinks = Sinks(self.life.state.inbox, self.poison, _located)
        absorb(self.queue, sinks, budget_s=60, most=1_000)

    def run(self, *, events: bool = True) -> None:
        """Do what a run does."""
        self.life.runs += 1
        self._run(events, self.life.world())

    def killed(self, at: str, late: str) -> None:
        """Do what a run does until it is killed."""
        state = frail(self.life.state, Fuse(int(at), late=late == "late"))
        try:
            self._run(True, self.life.world(state=state))
        except Killed:
            return

    def _run(self, events: bool, world: World) -> None:
        self.life.runs += 1
        mode = Mode(f"run-{self.life.runs}", events=events)
        for step in self.steps:
            run_step(world, step, DOMAIN, mode=mode)

    def _tell(self, kind: str, key: str) -> None:
        self.sequence += 1
        self.on_the_way.append(notification(kind, key, f"{self.sequence:016X}"))


def _located(bucket: str, key: str) -> tuple[Located, ...]:
    return locate({}, [S3Place(BUCKET, "root/")], bucket=bucket, key=key)


def notification(kind: str, key: str, sequencer: str) -> str:
    """Return what S3 sends about an object of the domain."""
    thing: Json = {"key": quote_plus(f"root/{DOMAIN}/{key}"), "sequencer": sequencer}
    record: Json = {"eventName": kind, "s3": {"bucket": {"name": BUCKET}, "object": thing}}
    return json.dumps({"Records": [record]})


keys = st.sampled_from(KEYS)
acts = st.one_of(
    st.tuples(st.just("put"), keys, st.sampled_from(CONTENTS)),
    st.tuples(st.just("copy"), keys, keys),
    st.tuples(st.just("delete"), keys),
    st.tuples(
        st.just("deliver"), st.sampled_from("0123"), st.sampled_from(["once", "twice", "never"])
    ),
    st.tuples(st.just("poisoned")),
    st.tuples(st.just("look")),
    st.tuples(st.just("run")),
    st.tuples(st.just("killed"), st.sampled_from("123456"), st.sampled_from(["late", "early"])),
)
histories = st.lists(acts, max_size=14)


def live(bucket: Bucket, history: list[Act]) -> None:
    """Let a history happen."""
    for name, *arguments in history:
        act: Callable[..., None] = getattr(bucket, name)
        act(*arguments)
