"""What happens to a ranking after fusion: refinements, one after another.

A refinement may order files anew, give them other scores or let one stand for its copies. It
loses no file and invents none. One that is not wanted is not in the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from mmrag_pipeline.retrieval.asked import Asked, Strategy
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile
from mmrag_pipeline.retrieval.signals import Answer
from mmrag_pipeline.retrieval.stages import stage
from mmrag_pipeline.telemetry import SILENT, Telemetry


class Refinement(Protocol):
    """Changes a ranking; the order of candidates in the answers never matters."""

    def __call__(
        self, asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        """Return the files anew, best first."""
        ...


Refinements = Mapping[str, Refinement]
"""By name, in the order in which they are applied."""


@dataclass(frozen=True, slots=True)
class Refined:
    """A strategy whose ranking is refined: a strategy itself."""

    strategy: Strategy
    refinements: Refinements = field(default_factory=dict)
    telemetry: Telemetry = SILENT

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return the files of the strategy, refined, each with what was done to it."""
        with stage(self.telemetry, "fuse"):
            ranked = self.strategy(asked, answers)
        if not self.refinements:
            return ranked
        with stage(self.telemetry, "refine"):
            return self._refined(asked, ranked, answers)

    def _refined(
        self, asked: Asked, ranked: list[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        for name, refinement in self.refinements.items():
            after = refinement(asked, ranked, answers)
            ranked = _told(name, ranked, after)
        return ranked


def all_of(ranked: Sequence[FusedFile], first: Sequence[FusedFile]) -> list[FusedFile]:
    """Return `first`, then what else was ranked, in the order it had."""
    there = {file.file for file in first}
    return [*first, *(file for file in ranked if file.file not in there)]


def _told(name: str, before: Sequence[FusedFile], after: Sequence[FusedFile]) -> list[FusedFile]:
    """Return the files with all that was done to them so far, and by this refinement."""
    places = {file.file: (place, file) for place, file in enumerate(before, start=1)}
    told = []
    for place, file in enumerate(after, start=1):
        was, old = places[file.file]
        whole = replace(file, changes={**old.changes, **file.changes})
        whole = replace(whole, copies=_once((*old.copies, *file.copies)))
        told.append(whole if was == place else whole.changed(name, {"from": was, "to": place}))
    return told


def _once(files: Sequence[FileId]) -> tuple[FileId, ...]:
    return tuple(dict.fromkeys(files))
