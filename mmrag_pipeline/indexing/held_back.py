"""A generation that is up to date and does not serve: who decided that, why, and what to do."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.history import KEPT_BACK
from mmrag_pipeline.ports import TableStore

_ACTS = {"refused": "refused", "rolled_back": "rolled back"}


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The last decision on the generation that runs write to, which is against it."""

    collection: str
    serving: str | None
    event: str
    by: str
    reason: str
    at: datetime

    def told(self, partition: str) -> str:
        """Return in a line what is the matter and how it is ended."""
        by = "by the gate" if self.event == "refused" else f"by {self.by}"
        why = f" ({self.reason})" if self.reason else ""
        return (
            f"{self.collection} is up to date and does not serve, {self.serving} does, as it was "
            f"when it was written last: {_ACTS[self.event]} {by} on {self.at:%Y-%m-%d %H:%M}{why}; "
            f"`mmrag promote {domain_of(partition)} --reason TEXT` lets it serve, earlier settings "
            "of the models let runs bring the other up to date"
        )


def written(tables: TableStore, partition: str) -> str:
    """Return the collection that was brought up to date last, empty when none was."""
    record = tables.lineage("collection", partition)
    return record.upstream.get("collection", "") if record else ""


def held_back(tables: TableStore, partition: str, serving: str | None) -> HeldBack | None:
    """Return what keeps the generation that was written last from serving; None if nothing does.

    `serving` is the collection behind the alias.
    """
    name = written(tables, partition)
    if not name or serving in (None, name):
        return None
    rows = rows_of(tables, "generations", partition).filter(pl.col("collection") == name)
    last = rows.tail(1).to_dicts()
    if not last or last[0]["event"] not in KEPT_BACK:
        return None
    told = last[0]
    return HeldBack(name, serving, told["event"], told["by"], told["reason"], told["at"])
