"""The port through which everything tells how it goes: numbers and spans, to whoever listens.

Nobody listens by default. Telling never fails, and never waits for longer than a moment.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Literal, ParamSpec, Protocol, TypeVar

Attributes = Mapping[str, str | int]
NONE: Attributes = {}
TRACE_TAG = "mmrag/traceparent"
"""Tag of a run that names the span that asked for it (W3C Trace Context)."""
ABOUT: ContextVar[Attributes] = ContextVar("mmrag_about", default=NONE)
"""What the work under way is about: lines of the log and inner spans repeat it."""
CARRIED = ("request_id", "run_id", "partition")
"""Attributes that inner spans and lines repeat; no metric ever has them as labels."""
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that is told; its name ends with its unit."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram's."""


class Telemetry(Protocol):
    """Told of numbers and of what takes time."""

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Add to a counter, set a gauge, or observe in a histogram; labels in their order."""
        ...

    def span(
        self, name: str, attributes: Attributes = NONE, *, parent: str = ""
    ) -> AbstractContextManager[str]:
        """Time the block within the span around it, without one within `parent` (traceparent).

        The block gets its own traceparent, empty where no traces are kept.
        """
        ...

    def push(self) -> None:
        """Send what was recorded and is sent, not fetched."""
        ...


class Silent:
    """Telemetry that nobody listens to."""

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Do nothing."""

    @contextmanager
    def span(self, name: str, attributes: Attributes = NONE, *, parent: str = "") -> Iterator[str]:
        """Do nothing around the block."""
        yield ""

    def push(self) -> None:
        """Do nothing."""


SILENT = Silent()


def trace_tags(trace: str) -> dict[str, str]:
    """Return the tags of a run that name the span which asks for it; none without one."""
    return {TRACE_TAG: trace} if trace else {}


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """Return work for other threads that belongs to the span of now."""
    context = copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.copy().run(work, *args, **kwargs)

    return run
