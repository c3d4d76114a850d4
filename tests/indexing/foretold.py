"""What a plan says beside what a run then does."""

from dataclasses import dataclass

import polars as pl

from mmrag_pipeline.indexing.plan import StationPlan, plan
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.schemas import TABLES
from tests.indexing.life import DOMAIN, Life

PIXELS = ("ocr", "captions", "image_vectors")
REMEMBERING = ("pages", *PIXELS, "chunks", "text_vectors")
ROW_OF = {
    "raw_files": ["file_id"],
    "tiles": ["page_digest", "left", "top", "right", "bottom"],
    "points": ["point_id"],
}
"""Table -> what tells two of its rows apart."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A run: what stations computed, and (added, changed, deleted, kept) rows of tables."""

    outcomes: dict[str, Outcome]
    rows: dict[str, tuple[int, int, int, int]]

    def computed(self, *stations: str) -> list[int]:
        """Return what stations computed."""
        return [self.outcomes[station].computed for station in stations]


def planned_for(life: Life) -> dict[str, StationPlan]:
    """Return station -> what is planned for it now."""
    return {p.station: p for p in plan(life.world(), DOMAIN)}


def truth_of(life: Life) -> Truth:
    """Run, and return what happened."""
    before = {name: _table(life, name) for name in ROW_OF}
    outcomes = life.run()
    return Truth(outcomes, {n: _rows(n, before[n], _table(life, n)) for n in ROW_OF})


def _table(life: Life, name: str) -> pl.DataFrame:
    table = life.state.tables.read(name, DOMAIN)
    return pl.DataFrame(schema=TABLES[name]) if table is None else table


def _rows(name: str, before: pl.DataFrame, after: pl.DataFrame) -> tuple[int, int, int, int]:
    key = ROW_OF[name]
    value = {"raw_files": "etag", "tiles": "level", "points": "point_hash"}[name]
    both = before.join(after, on=key)
    same = both.filter(pl.col(value) == pl.col(f"{value}_right")).height
    added, gone = after.height - both.height, before.height - both.height
    return added, both.height - same, gone, same


def told(p: StationPlan) -> tuple[int, int, int, int]:
    """Return (added, changed, deleted, kept) as planned."""
    return p.add, p.change, p.delete, p.reuse


def made(planned: dict[str, StationPlan], *stations: str) -> list[int]:
    """Return what stations are planned to compute."""
    return [planned[station].add + planned[station].change for station in stations]


def calls(planned: dict[str, StationPlan]) -> dict[str, int]:
    """Return the planned model calls of stations that have any."""
    return {p.station: p.calls for p in planned.values() if p.calls}
