"""A gate whose answer is settled, one that asks queries of fakes, and a model that is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.evaluation.gate import QueryGate
from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.indexing.station import World
from mmrag_pipeline.ports import Progress
from mmrag_pipeline.records import Pixels, Vectors
from mmrag_pipeline.retrieval.query import Searcher
from mmrag_pipeline.retrieval.signals import Encoders
from mmrag_pipeline.testing.worlds import Models


@dataclass(slots=True)
class SettledGate:
    """Says the same of every generation and notes what it was asked (ports.Gate)."""

    passed: bool
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(live, candidate)."""

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Note the pair and answer."""
        self.asked.append((live, candidate))
        word = "better" if self.passed else "worse"
        return GateVerdict(self.passed, f"{partition} is {word}", {"queries": len(self.asked)})


class BlindText(StubText):
    """A text encoder for which all texts are the same."""

    def __init__(self) -> None:
        super().__init__(revision="blind")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the same unit row for each text."""
        self._count(len(texts))
        return np.eye(1, self.card.dimension, dtype=np.float32).repeat(len(texts), axis=0)


def encoders_of(models: Models | World) -> Encoders:
    """Return what queries are asked with."""
    return Encoders(models.image_text, models.text, models.sparse)


def searcher_of(world: World, *others: Models) -> Searcher:
    """Return what searches a world; the models of `others` can be had again."""
    prefix, again = world.settings.collection_prefix, [encoders_of(one) for one in others]
    return Searcher(world.vectors, encoders_of(world), prefix, reopen=lambda _: again)


def gated(world: World, queries: Sequence[LabelledQuery], *others: Models) -> World:
    """Return a world whose gate asks these queries; the models of `others` can be had again."""
    settings = world.settings
    gate = QueryGate(
        queries=lambda: queries,
        tables=world.tables,
        searcher=searcher_of(world, *others),
        load_image=_no_picture,
        limits=Limits(settings.gate_max_loss, settings.gate_confidence),
    )
    return replace(world, gate=gate)


def _no_picture(path: Path) -> Pixels:
    raise ParseError(f"{path} is no picture", reason="no_pixels")
