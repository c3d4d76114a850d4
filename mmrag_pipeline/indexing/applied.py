"""What was applied to a collection, and whether the record of it may be believed.

The record is a table beside the index, so it can be about another index: settings named another
store, a snapshot was restored, somebody else wrote. Hence each complete change leaves a token in
the collection itself and in the record, and only a record with the collection's own token counts.

A server lets two runs write at once, and one that was killed may have written last. Each writer
therefore puts its name into the collection before it looks for others, and takes it out at its
end: of two that overlap at least one sees the other. It then leaves no token to be believed, and
spoils the other's, wherever that is by now. The next run asks the collection itself what it holds.
The name of a writer that died spoils every token until the writer counts as dead.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.index_settings import IndexSettings
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.interrupts import Interrupted
from mmrag_pipeline.ports import CollectionWriter
from mmrag_pipeline.records import Lineage

APPLIED = "applied"
"""Name of the token: among a collection's marks, and in the lineage of its record."""
_WRITER, _SPOILT, _DIRTY = "writer-", "spoilt-", "dirty-"
_BEAT = timedelta(minutes=1)


def silence(settings: IndexSettings) -> timedelta:
    """Return how long a writer says nothing when it is dead: no request takes half of that."""
    return timedelta(seconds=2 * settings.qdrant_timeout_s * (settings.qdrant_retries + 1))


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
    under_way = any(name.startswith(_WRITER) for name in marks)
    clean = bool(token) and not token.startswith(_DIRTY) and f"{_SPOILT}{token}" not in marks
    return clean and not under_way


@dataclass(slots=True)
class Writing:
    """One run's change of a collection, from its first point to its last."""

    world: World
    name: str
    index: CollectionWriter
    token: str = field(default_factory=lambda: uuid4().hex)
    found: str | None = field(init=False, default=None)
    """The token that was there when this run began."""
    _heard: datetime = field(init=False)
    _met: bool = field(init=False, default=False)
    _leavings: tuple[str, ...] = field(init=False, default=())
    """Marks of writers that are no more."""

    @property
    def _own(self) -> str:
        return f"{_WRITER}{self.token}"

    def begin(self) -> None:
        """Tell others that this run writes, then look for others."""
        self._tell()
        marks = self.world.vectors.marks(self.name)
        others = [name for name in marks if name.startswith(_WRITER) and name != self._own]
        dead = [name for name in others if self._is_dead(marks[name])]
        self.found = marks.get(APPLIED)
        self._met = bool(others) and not self.index.exclusive
        self._leavings = (*dead, *(name for name in marks if name.startswith(_SPOILT)))
        if others and not self.index.exclusive:
            tokens = (name.removeprefix(_WRITER) for name in others)
            self.index.set_marks({f"{_SPOILT}{token}": "" for token in tokens})

    def beat(self) -> None:
        """Tell that this run is alive, once in a while; who was taken for dead meddled, too."""
        if self.world.clock() - self._heard >= _BEAT:
            self._met = self._met or self._own not in self.world.vectors.marks(self.name)
            self._tell()

    def end(self, *, complete: bool) -> str:
        """Leave the token of a complete change that nobody else meddled with; return what is left.

        The points have to be flushed before.
        """
        marks = self.world.vectors.marks(self.name)
        spoilt = f"{_SPOILT}{self.token}" in marks or self._own not in marks
        clean = complete and not self._met and not spoilt
        left = self.token if clean else f"{_DIRTY}{self.token}"
        spoilers = [name for name in self._leavings if clean or name.startswith(_WRITER)]
        gone = [self._own, *spoilers]
        self.index.set_marks({APPLIED: left, **dict.fromkeys(gone)})
        return left

    def _tell(self) -> None:
        now = self._heard = self.world.clock()
        self.index.set_marks({self._own: now.isoformat()})

    def _is_dead(self, said: str) -> bool:
        """Return whether a writer is no more: where one has the collection alone, all others are.

        What is no time of ours will not be said anew.
        """
        if self.index.exclusive:
            return True
        try:
            quiet = self.world.clock() - datetime.fromisoformat(said)
            return quiet > silence(self.world.settings)
        except (ValueError, TypeError):
            return True


@contextmanager
def writing(world: World, name: str, index: CollectionWriter) -> Iterator[Writing]:
    """Change a collection under one's own name; leaving by an error leaves no token to believe."""
    own = Writing(world, name, index)
    own.begin()
    try:
        yield own
    except (Exception, Interrupted):
        with suppress(MmragError):
            own.end(complete=False)
        raise
