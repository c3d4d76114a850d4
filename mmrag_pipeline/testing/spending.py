"""A ledger in memory, one that can be killed, and a clock that only calls of models move."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmrag_pipeline.cost_records import Attempt, Spent, Told
from mmrag_pipeline.keepers import CostLedger
from mmrag_pipeline.testing.frail import Fuse
from mmrag_pipeline.testing.ledger import Ledger


@dataclass(frozen=True, slots=True)
class MemoryLedger:
    """keepers.CostLedger in memory."""

    open: dict[str, Attempt] = field(default_factory=dict)
    rows: dict[tuple[str, str], Spent] = field(default_factory=dict)

    def tell(self, attempt: Attempt) -> None:
        """Keep how far a try has come."""
        self.open[attempt.attempt_id] = attempt

    def told(self, partition: str) -> Told:
        """Return the tries that were not billed since."""
        return Told([one for one in self.open.values() if one.partition == partition])

    def bill(self, rows: Sequence[Spent]) -> None:
        """Write down rows."""
        for row in rows:
            self.rows[row.attempt_id, row.station] = row
            self.open.pop(row.attempt_id, None)


@dataclass(frozen=True, slots=True)
class FrailLedger:
    """A ledger whose writes are commits."""

    inner: CostLedger
    fuse: Fuse

    def tell(self, attempt: Attempt) -> None:
        """Keep how far a try has come: one commit."""
        self.fuse.commit(lambda: self.inner.tell(attempt))

    def told(self, partition: str) -> Told:
        """Return the tries that were not billed since."""
        return self.inner.told(partition)

    def bill(self, rows: Sequence[Spent]) -> None:
        """Write down rows: one commit."""
        self.fuse.commit(lambda: self.inner.bill(rows))


@dataclass(frozen=True, slots=True)
class CallSeconds:
    """A stopwatch on which each input that a model sees takes a second, and nothing else."""

    ledger: Ledger

    def __call__(self) -> float:
        """Return the seconds until now."""
        return float(self.ledger.calls())
