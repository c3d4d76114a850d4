"""Ports of those who look after all of the state: what there is, and what may go."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import polars as pl

from mmrag_pipeline.cost_records import Attempt, Spent, Told
from mmrag_pipeline.generation_records import Tuned
from mmrag_pipeline.ids import Json
from mmrag_pipeline.ports import Memo, TableStore

Keep = Callable[[pl.Series, datetime], pl.Series]
"""Given the keys of one memo file and when it was written, says which rows stay."""


class TableCatalog(TableStore, Protocol):
    """Tables, and which there are."""

    def partitions(self, table: str) -> list[str]:
        """Return the partitions that have this table, sorted; raises CorruptStateError."""
        ...

    def drop(self, table: str, partition: str) -> None:
        """Remove a table, durably; an absent one is fine. Raises StateUnavailableError."""
        ...


class MemoKeeper(Memo, Protocol):
    """The memo as those see it who keep it small. No run may be writing meanwhile."""

    def shelves(self) -> list[tuple[str, str]]:
        """Return every (station, fingerprint) there is, sorted."""
        ...

    def compact(self, station: str, fingerprint: str) -> int:
        """Merge small files of every partition; return how many files that removed."""
        ...

    def retain(self, station: str, fingerprint: str, keep: Keep) -> int:
        """Keep the rows that `keep` answers True for, drop the others; return how many."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A store whose collections take other settings as they stand."""

    def tuned(self, collection: str) -> Sequence[Tuned]:
        """Return how a collection is kept, and how the next writer keeps it; none of an absent one.

        Raises CollectionBusyError, CorruptStateError and StateUnavailableError.
        """
        ...


class AnswerCache(Protocol):
    """Answers that were given, each for a while. Nothing is lost with it but time."""

    def get(self, key: str) -> Json:
        """Return what is kept under a digest, None where nothing is or it is too old.

        Raises StateUnavailableError, and CorruptStateError for what cannot be read.
        """
        ...

    def put(self, key: str, value: Json) -> None:
        """Keep a value; raises StateUnavailableError."""
        ...

    def clear(self) -> int:
        """Remove every answer, return how many; raises StateUnavailableError."""
        ...


class RulesNotes(Protocol):
    """Rules of redaction that hold for what is kept in one place; it is noted in that place."""

    def noted(self, partition: str) -> str:
        """Return the digest of the rules that were noted last, empty where none were.

        Raises CorruptStateError and StateUnavailableError.
        """
        ...

    def note(self, partition: str, digest: str) -> None:
        """Note rules, in place of those of before; raises StateUnavailableError."""
        ...


class CostLedger(Protocol):
    """What was spent. A row counts once, however often it is written: the last one holds."""

    def tell(self, attempt: Attempt) -> None:
        """Keep how far a try has come, in place of what it told before."""
        ...

    def told(self, partition: str) -> Told:
        """Return the tries on a partition that told of themselves and were not billed since.

        One whose word cannot be read hides no other.
        """
        ...

    def bill(self, rows: Sequence[Spent]) -> None:
        """Write down the rows of one try, and forget what it told."""
        ...
