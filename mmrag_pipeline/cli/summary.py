"""What an index run did, added up over domains, for people and as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

from mmrag_pipeline.cli.console import counted, table
from mmrag_pipeline.cli.partitions import by_domain
from mmrag_pipeline.evaluation.decided import Decided
from mmrag_pipeline.ids import Json, domain_of, domains_of
from mmrag_pipeline.indexing.chunks import REDACTED
from mmrag_pipeline.indexing.plan import MODEL_STATIONS
from mmrag_pipeline.indexing.run import FORGOTTEN, REPORTS_FORGOTTEN, Outcome

if TYPE_CHECKING:
    from mmrag_pipeline.assets.run_index import PartitionRun

_DERIVED = ("tiles", "dead_letters", "points")
"""Stations without costly results: there is nothing to reuse."""
CHANGES = ("added", "edited", "deleted", "visibility", "expired", "returned")
"""What may happen to files, as raw_files counts it."""
COUNTED = ("pages", "tiles", "chunks")


@dataclass(frozen=True, slots=True)
class Summary:
    """Outcomes of all domains, those that failed with their message, and the time taken."""

    outcomes: tuple[Outcome, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """What went wrong without stopping a domain."""
    seconds: float = 0.0
    expired: int = 0
    """Files that are known and not in the index because their time is over."""
    decided: Mapping[str, Decided] = field(default_factory=dict)
    """Partition -> what its run decided on generations, where it decided anything."""

    @property
    def files(self) -> int:
        """Return how many files the index is made of: all that are known and in time."""
        return self.rows("raw_files") - self.expired

    @property
    def domains(self) -> list[str]:
        """Return the domains whose partitions ran, sorted."""
        return domains_of(o.partition for o in self.outcomes)

    @property
    def computed_anything(self) -> bool:
        """Return whether any station had work to do."""
        return any(outcome.computed for outcome in self.outcomes)

    def rows(self, station: str) -> int:
        """Return the rows of a station's tables over all domains."""
        return sum(o.rows for o in self.outcomes if o.station == station)

    def computed(self, station: str) -> int:
        """Return what a station computed over all domains."""
        return sum(o.computed for o in self.outcomes if o.station == station)

    def changed(self, what: str) -> int:
        """Return to how many files one of CHANGES happened."""
        files = (o for o in self.outcomes if o.station == "raw_files")
        return sum(o.changes.get(what, 0) for o in files)

    @property
    def redacted(self) -> dict[str, dict[str, int]]:
        """Return domain -> kind -> values taken out of the texts that were cut, where any were."""
        told: dict[str, Counter[str]] = {}
        for one in (o for o in self.outcomes if o.station == "chunks"):
            found = {k.removeprefix(REDACTED): n for k, n in one.changes.items() if n}
            told.setdefault(domain_of(one.partition), Counter()).update(found)
        return {name: dict(found) for name, found in told.items() if found}

    @property
    def forgot(self) -> bool:
        """Return whether answers and reports of before other rules of redaction were dropped."""
        dropped = (FORGOTTEN, REPORTS_FORGOTTEN)
        return any(one.changes.get(name) for one in self.outcomes for name in dropped)

    def reused(self, station: str) -> int:
        """Return what a station reused over all domains."""
        return sum(o.reused for o in self.outcomes if o.station == station)


def stations(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the stations in the order in which they ran."""
    return list(dict.fromkeys(o.station for o in outcomes))


def summary_json(summary: Summary) -> dict[str, Json]:
    """Return the object that `mmrag index --json` prints."""
    return {
        "files": summary.files,
        "expired": summary.expired,
        **{name: summary.rows(name) for name in COUNTED},
        "points": summary.rows("collection"),
        "dead_letters": summary.rows("dead_letters"),
        "model_calls": {name: summary.computed(name) for name in MODEL_STATIONS},
        "reused": {name: summary.reused(name) for name in MODEL_STATIONS},
        "changes": {what: summary.changed(what) for what in CHANGES},
        "redacted": summary.redacted,
        "generations": {name: _decided_json(one) for name, one in summary.decided.items()},
        "seconds": round(summary.seconds, 3),
        "domains": summary.domains,
        "failed": dict(summary.failed),
        "warnings": list(summary.warnings),
    }


def _decided_json(one: Decided) -> Json:
    return {
        "before": one.before,
        "candidate": one.candidate,
        "serves": one.serves,
        "gate": one.gate,
        "told": one.told,
        "scores": one.numbers.get("scores", []),
        "dropped": [*one.dropped],
    }


def summary_table(summary: Summary) -> Table:
    """Return the table that `mmrag index` prints."""
    rows = []
    for name in stations(summary.outcomes):
        mine = [o for o in summary.outcomes if o.station == name]
        seconds = sum(o.seconds for o in mine)
        failed = sum(o.failed for o in mine)
        made = (summary.computed(name), summary.reused(name)) if name not in _DERIVED else (0, 0)
        rows.append((name, summary.rows(name), *made, failed, seconds))
    calls = sum(summary.computed(name) for name in MODEL_STATIONS)
    files = counted(summary.files, "file")
    files += f" ({summary.expired:,} more out of time)" if summary.expired else ""
    title = f"{files}, {counted(calls, 'model call')}, {summary.seconds:.1f} s"
    return table(title, ("station", "rows", "computed", "reused", "failed", "seconds"), rows)


def summarize(runs: "Sequence[PartitionRun]", *, seconds: float) -> Summary:
    """Return the sum of what partitions' runs did."""
    return Summary(
        outcomes=tuple(outcome for run in runs for outcome in run.outcomes),
        failed=by_domain({run.partition: run.error for run in runs if run.error}),
        warnings=tuple(warning for run in runs for warning in run.warnings),
        seconds=seconds,
    )
