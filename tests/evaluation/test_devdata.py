"""Other people's receipts and charts, indexed and asked: what is to be found is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmrag_pipeline.assembly import open_searcher
from mmrag_pipeline.evaluation.evaluate import Answered, answer, evaluation_of
from mmrag_pipeline.evaluation.measures import Judged, ndcg_of_each
from mmrag_pipeline.evaluation.paired import Limits, compare
from mmrag_pipeline.evaluation.qrels import read_queries
from mmrag_pipeline.records import Signal
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.testing.evaluators import no_picture
from tests.cli.commands import Bench

DEVDATA = Path(__file__).resolve().parents[3] / "shared" / "devdata"
LEAST = {
    "receipts": {
        ("exact-field", "recall@1"): 0.95,
        ("qa-total", "recall@1"): 0.85,
        ("ocr-line", "recall@1"): 0.97,
    },
    "charts": {("semantic", "ndcg@10"): 0.80, ("exact-title", "recall@1"): 0.97},
}
"""Set -> (kind of query, measure) -> what the fusion reaches."""
CHANCE = Limits(max_loss=0.0, confidence=0.95)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DEVDATA.is_dir(), reason="the development data is not here"),
]


@dataclass(frozen=True, slots=True)
class Found:
    """A set, and what each of its queries got."""

    name: str
    answered: Sequence[Answered]

    def alone(self, signal: Signal) -> list[float]:
        """Return nDCG@10 of each query by one signal; 0 where the query does not ask it."""
        own = [one.signals.get(signal, Judged((), one.fused.relevant)) for one in self.answered]
        return ndcg_of_each(own)


@pytest.fixture(scope="module", params=sorted(LEAST))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Index a set into a home of its own and ask its queries."""
    data = DEVDATA / request.param
    bench = Bench(tmp_path_factory.mktemp(request.param) / "home", data / "corpus")
    said = bench.mmrag_alone("index", "--source", str(bench.source), "--domain", request.param)
    assert said.code == 0, said.err
    searcher = open_searcher(Settings.model_validate({"home": bench.home}))
    queries = read_queries(data / "queries.jsonl")
    answered = [answer(searcher, one, load_image=no_picture, domains=None) for one in queries]
    return Found(request.param, answered)


def test_each_kind_of_query_reaches_what_is_asked_of_it(found: Found) -> None:
    reached = evaluation_of(found.answered).fused.kinds
    for (kind, measure), least in LEAST[found.name].items():
        assert reached[kind].as_json()[measure] >= least, (kind, measure)


def test_the_fusion_is_not_worse_than_its_best_signal(found: Found) -> None:
    fused = ndcg_of_each([one.fused for one in found.answered])
    asked = {signal for one in found.answered for signal in one.signals}
    best = max((found.alone(signal) for signal in asked), key=sum)
    assert not compare(best, fused, CHANCE).worse
