"""Telemetry that remembers what it was told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mmrag_pipeline.telemetry import NONE, Attributes, Metric


@dataclass(frozen=True, slots=True)
class Heard:
    """Telemetry for tests: the last value of each metric and its labels, and spans as they end."""

    values: dict[tuple[str, ...], float] = field(default_factory=dict)
    """(name, labels...) -> sum of a counter, last of a gauge or histogram."""
    spans: list[tuple[str, Attributes, str]] = field(default_factory=list)
    """Name, attributes and parent."""
    pushed: list[int] = field(default_factory=list)
    """How many values there were at each push."""

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Remember it."""
        before = self.values.get((metric.name, *labels), 0.0) if metric.kind == "counter" else 0.0
        self.values[metric.name, *labels] = before + value

    @contextmanager
    def span(self, name: str, attributes: Attributes = NONE, *, parent: str = "") -> Iterator[str]:
        """Remember the block."""
        yield f"trace of {name}"
        self.spans.append((name, attributes, parent))

    def push(self) -> None:
        """Remember that."""
        self.pushed.append(len(self.values))
