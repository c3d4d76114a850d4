"""Everyone who listens in a process, told together."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from mmrag_pipeline.observing.frail import Sending, push_all
from mmrag_pipeline.telemetry import ABOUT, CARRIED, NONE, Attributes, Metric

if TYPE_CHECKING:
    from mmrag_pipeline.observing.numbers import Numbers


class Timing(Protocol):
    """One who is told of spans."""

    def span(self, name: str, attributes: Attributes, parent: str) -> AbstractContextManager[str]:
        """Time the block, which gets its traceparent or nothing."""
        ...


@dataclass(frozen=True)
class Listeners:
    """Everyone who listens in this process (telemetry.Telemetry)."""

    numbers: "Sequence[Numbers]" = ()
    timings: Sequence[Timing] = ()
    sendings: Sequence[Sending] = ()

    def record(self, metric: Metric, value: float, *labels: str) -> None:
        """Tell a number."""
        for one in self.numbers:
            one.record(metric, value, *labels)

    @contextmanager
    def span(self, name: str, attributes: Attributes = NONE, *, parent: str = "") -> Iterator[str]:
        """Tell of the block; what it is about, its inner spans and lines repeat."""
        outer = ABOUT.get() or {"request_id": uuid4().hex}
        about = {**outer, **{n: attributes[n] for n in CARRIED if n in attributes}}
        token = ABOUT.set(about)
        try:
            with ExitStack() as stack:
                told = {**about, **attributes}
                own = [stack.enter_context(one.span(name, told, parent)) for one in self.timings]
                yield next(filter(None, own), parent)
        finally:
            ABOUT.reset(token)

    def push(self) -> None:
        """Send to everyone who is sent to, within TIMEOUT_S in all."""
        push_all(self.sendings)
