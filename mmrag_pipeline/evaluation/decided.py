"""What a run decided on the generations of a partition, as its history tells, and in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from mmrag_pipeline.evaluation.scores import scores_of
from mmrag_pipeline.ids import Json
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.indexing.history import CHOSEN
from mmrag_pipeline.ports import TableStore

GateWord = Literal["passed", "refused", "undecided", ""]
"""What the gate said; `undecided` lets pass as well, for want of labelled queries."""
_JUDGED = ("served", "refused")


@dataclass(frozen=True, slots=True)
class Decided:
    """What one run decided."""

    before: str | None = None
    """What was to serve until then, None if nothing was."""
    candidate: str | None = None
    """The generation that was to take its place, None where none was."""
    serves: bool = False
    """Whether that one serves since."""
    told: str = ""
    """What the gate said of it."""
    numbers: Mapping[str, Json] = field(default_factory=dict)
    """What the gate measured."""
    dropped: tuple[str, ...] = ()

    @property
    def gate(self) -> GateWord:
        """Return what the gate said; empty where it was not asked in this run."""
        return gate_word("served" if self.serves else "refused", self.numbers)

    def lines(self) -> list[str]:
        """Return what changed, a line each; what was refused is told by who holds it back."""
        lines = [self._led()] if self.serves else []
        if self.dropped:
            kept = "MMRAG_KEEP_GENERATIONS and MMRAG_KEEP_GENERATION_DAYS say what is kept"
            lines.append(f"dropped {', '.join(self.dropped)} ({kept})")
        return lines

    def _led(self) -> str:
        moved = f"another generation serves: {self.before} -> {self.candidate}"
        said = {
            "passed": f"; the gate let it pass: {self.told}",
            "undecided": f"; the gate could not decide, and so let it pass: {self.told}",
        }
        return f"{moved}{said.get(self.gate, '')}"


def gate_word(event: str, numbers: Mapping[str, Json]) -> GateWord:
    """Return what the gate said before an event of the history; empty where it was not asked."""
    if event not in _JUDGED or not numbers:
        return ""
    if event == "refused":
        return "refused"
    scores = scores_of(numbers)
    return "passed" if scores and scores[0].found.decides else "undecided"


def decided(tables: TableStore, partition: str, run_id: str) -> Decided | None:
    """Return what a run decided, None if nothing: a first generation takes nobody's place."""
    rows = rows_of(tables, "generations", partition).with_row_index("row")
    ours = rows.filter(pl.col("run_id") == run_id)
    dropped = tuple(ours.filter(pl.col("event") == "dropped")["collection"])
    last = ours.filter(pl.col("event").is_in(_JUDGED)).tail(1)
    moved = _moved(rows, ours, last, dropped) if last.height else None
    return moved or (Decided(dropped=dropped) if dropped else None)


def _moved(
    rows: pl.DataFrame, ours: pl.DataFrame, last: pl.DataFrame, dropped: tuple[str, ...]
) -> Decided | None:
    """Return what came of a generation; what the gate said may stand in a line before the last.

    A run that noted a decision, failed, and tried again, notes it twice.
    """
    name, event, row = last.select("collection", "event", "row").row(0)
    said = ours.filter((pl.col("collection") == name) & (pl.col("verdict") != "{}"))
    numbers = json.loads(said["verdict"][-1]) if said.height else {}
    told = str(said["reason"][-1]) if said.height else ""
    chosen = rows.filter(pl.col("event").is_in(CHOSEN) & (pl.col("row") < row))
    others = chosen.filter(pl.col("collection") != name)["collection"].to_list()
    before = numbers.get("live") or (others[-1] if others else None)
    return Decided(before, name, event == "served", told, numbers, dropped) if before else None
