"""What is said of generations of a collection: events, verdicts, settings changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mmrag_pipeline.ids import Json

GenerationEvent = Literal["served", "promoted", "restored", "rolled_back", "refused", "dropped"]
"""What happens to a generation of a collection; the first three let it serve."""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether a generation may take the place of the one that serves, and the numbers of it."""

    passed: bool
    message: str
    numbers: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tuned:
    """A setting that a collection takes as it stands, or a payload index that it may lack."""

    setting: str
    """Its field, or what it is where no setting names it."""
    now: str
    asked: str

    @property
    def differs(self) -> bool:
        """Return whether the next writer changes it."""
        return self.now != self.asked
