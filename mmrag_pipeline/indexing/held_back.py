"""A generation that is up to date and does not serve: who decided that, why, and what to do."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.history import KEPT_BACK
from mmrag_pipeline.ports import Served, TableStore
from mmrag_pipeline.records import Layout
from mmrag_pipeline.settings import Settings, variable

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
    back: tuple[str, ...]
    """The settings, as `VARIABLE=VALUE`, with which runs go on with the one that serves."""

    def told(self, partition: str) -> str:
        """Return in a line what is the matter and how it is ended."""
        by = "by the gate" if self.event == "refused" else f"by {self.by}"
        why = f" ({self.reason})" if self.reason else ""
        back = " ".join(self.back) or "the models of then"
        return (
            f"{self.collection} does not serve, {self.serving} does: {_ACTS[self.event]} {by} on "
            f"{self.at:%Y-%m-%d %H:%M}{why}; `mmrag promote {domain_of(partition)} --reason TEXT` "
            f"lets it serve; for runs to bring {self.serving} up to date, set {back}"
        )


def written(tables: TableStore, partition: str) -> str:
    """Return the collection that was brought up to date last, empty when none was."""
    record = tables.lineage("collection", partition)
    return record.upstream.get("collection", "") if record else ""


def held_back(
    tables: TableStore, vectors: Served, partition: str, *, serving: str | None
) -> HeldBack | None:
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
    layouts = vectors.layouts()
    back = _back(layouts.get(serving), layouts.get(name))
    return HeldBack(name, serving, told["event"], told["by"], told["reason"], told["at"], back)


def _back(serves: Layout | None, wrote: Layout | None) -> tuple[str, ...]:
    """Return the settings of what serves that are not those of what was written."""
    if serves is None or wrote is None:
        return ()
    now = {**wrote.made_with, **wrote.storage}
    before = {**serves.made_with, **serves.storage}
    known = {name: value for name, value in before.items() if name in Settings.model_fields}
    return tuple(f"{variable(n)}={v}" for n, v in known.items() if now.get(n) != v)
