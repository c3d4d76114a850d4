"""How the history of generations is told: a row per decision, the oldest first."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from rich.table import Table

from mmrag_pipeline.cli.console import table
from mmrag_pipeline.evaluation.decided import gate_word
from mmrag_pipeline.indexing.held_generations import Decision

_COLUMNS = ("domain", "at", "collection", "decision", "by", "gate", "reason")
Told = Mapping[str, Sequence[Decision]]
"""Partition -> what was decided on its generations."""


def decisions_json(found: Told) -> dict[str, list[dict[str, object]]]:
    """Return what `mmrag generations --history --json` prints of each partition."""
    return {
        name: [{**asdict(one), "gate": gate_word(one.event, one.verdict)} for one in decisions]
        for name, decisions in found.items()
    }


def decisions_table(found: Told) -> Table:
    """Return the table of `mmrag generations --history`."""
    rows = [
        (
            name if place == 0 else "",
            minute(one.at),
            one.collection,
            worded(one.event),
            one.by,
            gate_word(one.event, one.verdict),
            one.reason,
        )
        for name, decisions in found.items()
        for place, one in enumerate(decisions)
    ]
    return table("History of generations", _COLUMNS, rows)


def minute(at: datetime) -> str:
    """Return a time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def worded(event: str) -> str:
    """Return an event of the history as a person reads it."""
    return event.replace("_", " ")
