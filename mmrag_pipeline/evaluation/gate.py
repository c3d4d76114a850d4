"""The gate: labelled queries asked of the generation that serves and of the one that is to."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from mmrag_pipeline.errors import (
    CollectionMismatchError,
    ModelDriftError,
    ModelUnavailableError,
    ParseError,
    SettingsError,
)
from mmrag_pipeline.evaluation.evaluate import Answered, LoadImage, answer
from mmrag_pipeline.evaluation.paired import Limits
from mmrag_pipeline.evaluation.qrels import LabelledQuery, labels_of
from mmrag_pipeline.evaluation.scores import Pair, scored, told
from mmrag_pipeline.generation_records import GateVerdict
from mmrag_pipeline.ids import Json, collection_name, domain_of
from mmrag_pipeline.ports import CollectionReader, Progress, Served, TableStore
from mmrag_pipeline.records import Layout
from mmrag_pipeline.retrieval.query import Searcher

_STATION = "gate"
"""What progress names it by."""


@dataclass(frozen=True, slots=True)
class Led:
    """A store in which an alias leads to one collection, whatever serves (ports.Served)."""

    inner: Served
    alias: str
    collection: str

    def layouts(self) -> Mapping[str, Layout]:
        """Return collection name -> layout."""
        return self.inner.layouts()

    def aliases(self) -> Mapping[str, str]:
        """Return the one alias."""
        return {self.alias: self.collection}

    def reader(self, collection: str) -> AbstractContextManager[CollectionReader]:
        """Open a collection for questions."""
        return self.inner.reader(collection)


@dataclass(frozen=True, slots=True)
class QueryGate:
    """Lets a generation pass that answers labelled queries as well as the one it replaces.

    Each is asked with its own models, through every signal alone and fused (ports.Gate).
    """

    queries: Callable[[], Sequence[LabelledQuery]]
    """Reads them anew for each judgement."""
    tables: TableStore
    searcher: Searcher
    load_image: LoadImage
    limits: Limits

    def judge(
        self, partition: str, *, live: str, candidate: str, progress: Progress
    ) -> GateVerdict:
        """Return whether nothing is significantly worse: fused, each signal, fused per kind.

        Only queries with a relevant file in the partition count, and of them only the files that
        it has. Raises SettingsError for queries that cannot be read, and what asking raises.
        """
        asked = held_by(self.queries(), labels_of(self.tables, partition))
        numbers: dict[str, Json] = {"live": live, "candidate": candidate, "queries": len(asked)}
        if not asked:
            none = f"no query of MMRAG_GATE_QUERIES has a relevant file in {partition!r}"
            return GateVerdict(True, f"{none}: nothing was compared", numbers)
        try:
            shown = _shown(asked, progress)
            pairs = list(self._pairs(shown, partition, live=live, candidate=candidate))
        except _NotAnsweredError as error:
            why = f"{live!r}, which serves, cannot be asked to compare: {error}"
            return GateVerdict(False, why, numbers)
        scores = scored(pairs, self.limits)
        numbers |= {
            "max_loss": self.limits.max_loss,
            "confidence": self.limits.confidence,
            "scores": [asdict(score) for score in scores],
        }
        passed = not any(score.found.worse for score in scores)
        return GateVerdict(passed, told(scores, self.limits), numbers)

    def _pairs(
        self, asked: Iterable[LabelledQuery], partition: str, *, live: str, candidate: str
    ) -> Iterator[Pair]:
        before, after = self._led(partition, live), self._led(partition, candidate)
        load = lru_cache(maxsize=1)(self.load_image)
        for query in asked:
            try:
                old = _answer_of_live(before, query, load, partition)
                new = answer(after, query, load_image=load, domains=(domain_of(partition),))
            except ParseError as error:
                message = f"MMRAG_GATE_QUERIES, query {query.query_id!r:.100}: {error}"
                raise SettingsError(message) from error
            yield old, new

    def _led(self, partition: str, collection: str) -> Searcher:
        """Return a searcher to which this collection is all that there is of the domain."""
        alias = collection_name(self.searcher.prefix, domain_of(partition))
        return replace(self.searcher, store=Led(self.searcher.store, alias, collection), shards={})


class _NotAnsweredError(Exception):
    """The generation that serves cannot be asked: its models cannot be had here."""


def _answer_of_live(
    searcher: Searcher, query: LabelledQuery, load: LoadImage, partition: str
) -> Answered:
    try:
        return answer(searcher, query, load_image=load, domains=(domain_of(partition),))
    except (CollectionMismatchError, ModelUnavailableError, ModelDriftError) as error:
        raise _NotAnsweredError(str(error)) from error


def _shown(asked: Sequence[LabelledQuery], progress: Progress) -> Iterator[LabelledQuery]:
    """Yield the queries and tell how many of them were asked; the first one loads models."""
    for done, query in enumerate(asked):
        progress.advance(_STATION, done=done, total=len(asked))
        yield query
    progress.advance(_STATION, done=len(asked), total=len(asked))


def held_by(queries: Sequence[LabelledQuery], labels: Container[str]) -> list[LabelledQuery]:
    """Return the queries that have an answer among the labels, with just these answers.

    A question that no file answers is left out: no ranking of it can be worse.
    """
    found = (_within(query, labels) for query in queries)
    return [query for query in found if query.relevant]


def _within(query: LabelledQuery, labels: Container[str]) -> LabelledQuery:
    """Return a query with those of its relevant files, and their grades, that are labels."""
    held = [at for at, one in enumerate(query.relevant) if one in labels]
    return replace(
        query,
        relevant=tuple(query.relevant[at] for at in held),
        grades=tuple(query.grades[at] for at in held) if query.grades else (),
    )
