"""Every labelled query through each signal alone and through their fusion."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmrag_pipeline.evaluation.measures import Judged, Measures, judge, measure
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.records import Pixels, Signal
from mmrag_pipeline.retrieval.fusion import FusedFile, alone
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.signals import SIGNALS

DEEPEST = 10
"""No measure looks further down a ranking."""
LoadImage = Callable[[Path], Pixels]


@dataclass(frozen=True, slots=True)
class Scores:
    """Measures over all queries and per kind of query."""

    overall: Measures
    kinds: Mapping[str, Measures]

    def of(self, kind: str) -> Measures:
        """Return the measures of one kind of query, or of all for `overall`."""
        return self.overall if kind == "overall" else self.kinds[kind]

    def as_json(self) -> dict[str, object]:
        """Return `{"overall": M, "kinds": {KIND: M}}`."""
        kinds = {kind: measures.as_json() for kind, measures in self.kinds.items()}
        return {"overall": self.overall.as_json(), "kinds": kinds}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The fusion's scores beside those of each signal alone."""

    queries: int
    fused: Scores
    signals: Mapping[Signal, Scores]

    def rankings(self) -> Mapping[str, Scores]:
        """Return the scores of the fusion and of each signal, by name."""
        return {"fused": self.fused} | {str(name): one for name, one in self.signals.items()}

    def as_json(self) -> dict[str, object]:
        """Return what `mmrag evaluate --json` prints."""
        return {
            "queries": self.queries,
            "fused": self.fused.as_json(),
            "signals": {signal: scores.as_json() for signal, scores in self.signals.items()},
        }


@dataclass(frozen=True, slots=True)
class Answered:
    """One query's rankings, judged: of the fusion, and of each signal that it asks."""

    kind: str
    fused: Judged
    signals: Mapping[Signal, Judged]


def evaluate(
    searcher: Searcher,
    queries: Sequence[LabelledQuery],
    *,
    load_image: LoadImage,
    domains: tuple[str, ...] | None = None,
) -> Evaluation:
    """Return how well these domains (None: all) answer labelled queries, each searched once.

    A signal that a query does not ask (words, for a picture) counts as zero for that query,
    so that every signal's mean is over the same queries. A signal that no query asks is left
    out, as is a question that no file answers: nothing there can be found.
    """
    return evaluation_of(
        [
            answer(searcher, query, load_image=load_image, domains=domains)
            for query in queries
            if query.relevant
        ]
    )


def evaluation_of(answered: Sequence[Answered]) -> Evaluation:
    """Return the scores of queries that were answered."""
    asked = {signal for one in answered for signal in one.signals}
    signals = {
        signal: scores_by_kind(
            (one.kind, one.signals.get(signal, _nothing(one))) for one in answered
        )
        for signal in SIGNALS
        if signal in asked
    }
    return Evaluation(
        len(answered), scores_by_kind((one.kind, one.fused) for one in answered), signals
    )


def answer(
    searcher: Searcher,
    labelled: LabelledQuery,
    *,
    load_image: LoadImage,
    domains: tuple[str, ...] | None,
) -> Answered:
    """Return what these domains answer to one labelled query; raises as the searcher does."""
    image = None if labelled.image is None else load_image(labelled.image)
    query = searcher.expanded(
        Query(text=labelled.text, image=image, domains=domains, limit=DEEPEST)
    )
    answers = searcher.candidates(query)
    lists = [one.lists for one in answers]
    signals = {signal for own in lists for signal in own}

    def judged(ranking: Sequence[FusedFile]) -> Judged:
        return judge([file.file for file in ranking[:DEEPEST]], labelled.relevant)

    return Answered(
        labelled.kind,
        judged(searcher.fused(query, answers)),
        {signal: judged(alone(signal, lists, depth=query.depth)) for signal in signals},
    )


def _nothing(answered: Answered) -> Judged:
    return Judged((), answered.fused.relevant)


def scores_by_kind(judged: Iterable[tuple[str, Judged]]) -> Scores:
    """Return the measures of rankings, each with the kind of its query, over all and per kind."""
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for kind, one in judged:
        kinds[kind].append(one)
    overall = measure([one for group in kinds.values() for one in group])
    return Scores(overall, {kind: measure(kinds[kind]) for kind in sorted(kinds)})
