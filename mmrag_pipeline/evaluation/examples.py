"""Labelled queries as what a fusion learns from, and as what it is measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.evaluation.evaluate import DEEPEST, LoadImage
from mmrag_pipeline.evaluation.measures import Judged, judge
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.seen import question_of
from mmrag_pipeline.retrieval.asked import Asked, Form
from mmrag_pipeline.retrieval.features import Described, described, scored
from mmrag_pipeline.retrieval.fusion import FusedFile, alone
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.signals import SIGNALS, Answer
from mmrag_pipeline.retrieval.trusted import evidence


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled query: the features of what was found for it, and how others rank that."""

    question: str
    """The same for all queries that ask the same: they are learned from and measured together."""
    kind: str
    form: Form
    found: Described
    right: npt.NDArray[np.bool_]
    """Whether each found file is relevant."""
    relevant: tuple[str, ...]
    others: Mapping[str, Judged]
    """The ranking by evidence, and by each signal that the query asks."""

    def judged(self, coefficients: Sequence[float]) -> Judged:
        """Return the ranking that these weights give."""
        return _judged(scored(self.found, coefficients), self.relevant)


def examples(
    searcher: Searcher,
    queries: Sequence[LabelledQuery],
    *,
    load_image: LoadImage,
    domains: tuple[str, ...] | None,
) -> list[Example]:
    """Return what these domains (None: all) say to each query; raises as the searcher does.

    A question that no file answers is left out: nothing there can be found.
    """
    found = []
    for labelled in (query for query in queries if query.relevant):
        image = None if labelled.image is None else load_image(labelled.image)
        query = searcher.expanded(
            Query(text=labelled.text, image=image, domains=domains, limit=DEEPEST)
        )
        found.append(example(labelled, query.asked, searcher.candidates(query)))
    return found


def example(labelled: LabelledQuery, asked: Asked, answers: Sequence[Answer]) -> Example:
    """Return one labelled query with the answers to it."""
    lists = [answer.lists for answer in answers]
    rankings = {"evidence": evidence(asked, answers)} | {
        str(signal): alone(signal, lists, depth=asked.depth)
        for signal in SIGNALS
        if any(signal in own for own in lists)
    }
    found = described(asked, answers)
    return Example(
        question=question_of(labelled),
        kind=labelled.kind,
        form=asked.form,
        found=found,
        right=np.asarray([_is_right(file, labelled.relevant) for file in found.files], np.bool_),
        relevant=labelled.relevant,
        others={name: _judged(files, labelled.relevant) for name, files in rankings.items()},
    )


def _is_right(file: FusedFile, relevant: Sequence[str]) -> bool:
    return judge([file.file], relevant).ranking[0] is not None


def _judged(files: Sequence[FusedFile], relevant: Sequence[str]) -> Judged:
    return judge([file.file for file in files[:DEEPEST]], relevant)
