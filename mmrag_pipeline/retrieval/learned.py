"""Learned fusion: weights from labelled queries, and what is better where they lose."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.features import described, scored
from mmrag_pipeline.retrieval.fusion import FusedFile, fuse
from mmrag_pipeline.retrieval.fusion_model import FusionModel
from mmrag_pipeline.retrieval.signals import SIGNALS, Answer
from mmrag_pipeline.retrieval.trusted import evidence


@dataclass(frozen=True, slots=True)
class Learned:
    """Ranks by a logistic regression over FEATURES, or by what beat it for the query's form."""

    model: FusionModel

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return every found file, best first.

        A signal that was chosen for the form and finds nothing here leaves it to the evidence.
        """
        way = self.model.ways.get(asked.form, "evidence")
        if way == "learned":
            return scored(described(asked, answers), self.model.coefficients)
        for signal in SIGNALS:
            if way == signal and any(answer.lists.get(signal) for answer in answers):
                only = {other: float(other == signal) for other in SIGNALS}
                lists = [answer.lists for answer in answers]
                return fuse(lists, [only] * len(lists), depth=asked.depth)
        return evidence(asked, answers)
