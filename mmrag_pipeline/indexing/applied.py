"""What was applied to a collection, and whether the record of it may be believed.

The record is a table beside the index, so it can be about another index: settings named another
store, a snapshot was restored, somebody else wrote. Hence each complete change leaves a token in
the collection itself and in the record, and only a record with the collection's own token counts.

A server lets two runs write at once, and one that was killed may have written last. Each writer
therefore puts its own name into the collection before it looks for others, and takes it out at
its end; of two that overlap at least one sees the other. Whoever saw one, or finds that somebody
came by, leaves no token that a record could match: the next run asks the collection itself what
it holds. The name of a writer that stopped telling that it is alive counts until it expires.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.interrupts import Interrupted
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import Lineage

APPLIED = "applied"
"""Name of the token: among a collection's marks, and in the lineage of its record."""
_WRITER = "writer-"
_WRITING, _DIRTY = "writing ", "dirty "
SILENT = timedelta(minutes=30)
"""A writer that said nothing for so long is dead; longer than all tries of one request take."""
_BEAT = timedelta(minutes=1)


def is_trusted(world: World, record: Lineage | None, name: str) -> bool:
    """Return whether the collection table tells what the collection of this name holds."""
    if record is None or record.upstream.get("collection") != name:
        return False
    marks = world.vectors.marks(name)
    return is_complete(marks) and marks[APPLIED] == record.upstream.get(APPLIED)


def is_settled(record: Lineage) -> bool:
    """Return whether a record is one that a collection could agree with."""
    token = record.upstream.get(APPLIED, "")
    return bool(token) and not token.startswith(_DIRTY)


def is_complete(marks: Mapping[str, str]) -> bool:
    """Return whether the last change of a collection was made to its end, by one writer alone."""
    token = marks.get(APPLIED, "")
    writers = [name for name in marks if name.startswith(_WRITER)]
    return bool(token) and not token.startswith((_WRITING, _DIRTY)) and not writers


@dataclass(slots=True)
class Writing:
    """One run's change of a collection, from its first point to its last."""

    world: World
    name: str
    index: CollectionWriter
    token: str = field(default_factory=lambda: uuid4().hex)
    found: str = field(init=False, default="")
    """The token that was there when this run began."""
    _heard: datetime = field(init=False)
    _met: bool = field(init=False, default=False)
    _stale: tuple[str, ...] = field(init=False, default=())

    @property
    def _own(self) -> str:
        return f"{_WRITER}{self.token}"

    def begin(self) -> None:
        """Tell others that this run writes, then look for others."""
        self._tell()
        marks = self.world.vectors.marks(self.name)
        others = self._others(marks)
        self.found = marks.get(APPLIED, "")
        self._stale = tuple(name for name in others if self._is_silent(marks[name]))
        self._met = len(self._stale) < len(others)
        self.index.set_marks({APPLIED: f"{_WRITING}{self.token}"})

    def beat(self) -> None:
        """Tell that this run is alive, once in a while."""
        if self.world.clock() - self._heard >= _BEAT:
            self._tell()

    def end(self, *, complete: bool) -> str:
        """Leave the token of a complete change that nobody else meddled with; return what is left.

        The points have to be flushed before.
        """
        marks = self.world.vectors.marks(self.name)
        alone = not self._met and marks.get(APPLIED) == f"{_WRITING}{self.token}"
        living = [name for name in self._others(marks) if name not in self._stale]
        left = self.token if complete and alone and not living else f"{_DIRTY}{self.token}"
        gone = dict.fromkeys([self._own, *(self._stale if left == self.token else ())])
        self.index.set_marks({APPLIED: left, **gone})
        return left

    def _tell(self) -> None:
        self._heard = self.world.clock()
        self.index.set_marks({self._own: self._heard.isoformat()})

    def _others(self, marks: Mapping[str, str]) -> list[str]:
        return [name for name in marks if name.startswith(_WRITER) and name != self._own]

    def _is_silent(self, said: str) -> bool:
        """Return whether a writer is dead: where one has the collection alone, all others are."""
        if self.index.exclusive:
            return True
        try:
            return self.world.clock() - datetime.fromisoformat(said) > SILENT
        except (ValueError, TypeError):  # no time of ours: nobody will tell another one
            return True


@contextmanager
def writing(world: World, name: str, index: CollectionWriter) -> Iterator[Writing]:
    """Change a collection under one's own name; leaving by an error leaves no token to match."""
    own = Writing(world, name, index)
    own.begin()
    try:
        yield own
    except (Exception, Interrupted):
        with suppress(MmragError):
            own.end(complete=False)
        raise
