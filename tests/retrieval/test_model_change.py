"""Queries that go on while the models of what they ask change."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import cast

import pytest

from mmrag_pipeline.engines.stub import StubImageText, StubText
from mmrag_pipeline.indexing.station import Mode
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.records import Layout
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.signals import Answer, Encoders
from mmrag_pipeline.stores.edge import EdgeVectors
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.sparse import StubSparse
from mmrag_pipeline.testing.worlds import Models, State, fake_settings, fake_world

QUERY = Query("amber bolt 3")
PATIENCE_S = 60.0
Served = dict[str, str]
"""Domain -> the collection that answered."""


@cache
def encoders(revision: str) -> Encoders:
    """Return the encoders of a revision, the same each time."""
    return Encoders(StubImageText(revision=revision), StubText(revision=revision), StubSparse())


@dataclass(slots=True)
class Changing:
    """Domains whose models change while they are asked."""

    state: State
    source: FakeSource = field(default_factory=FakeSource)
    served: list[Served] = field(default_factory=list)
    """What answered each query so far."""
    over: bool = False

    def fill(self, *domains: str) -> None:
        """Put files into domains and index them with the first models."""
        for domain in domains:
            for number in range(2):
                self.source.put(domain, f"{number}.png", f"img:{number}".encode())
                self.source.put(domain, f"{number}.txt", f"amber bolt {number}".encode())
            self.index(domain, "1")

    def index(self, domain: str, revision: str) -> None:
        """Index a domain with the models of a revision."""
        own = encoders(revision)
        named = {"image_model": revision, "text_model": revision}
        world = fake_world(
            self.source,
            state=self.state,
            models=Models(image_text=own.image_text, text=own.text, sparse=own.sparse),
            settings=fake_settings().model_copy(update=named),
        )
        run_partition(world, domain, Mode(f"{domain}-{revision}"))

    def searcher(self) -> Searcher:
        """Return a searcher whose own models are those of the second revision."""
        return Searcher(self.state.vectors, encoders("2"), "mmrag", reopen=_reopened)

    def ask(self) -> list[Served]:
        """Ask all domains until it is over; return what answered each query, in turn."""
        searcher, mine = self.searcher(), []
        while not self.over:
            answers = searcher.candidates(QUERY)
            assert searcher.fused(QUERY, answers)
            mine.append(_served(answers))
            self.served.append(mine[-1])
        return mine

    def queries_pass(self, asking: Sequence[Future[list[Served]]]) -> None:
        """Wait until more queries were answered, and raise what any failed with."""
        enough, end = len(self.served) + 2 * len(asking), time.monotonic() + PATIENCE_S
        while len(self.served) < enough:
            for one in asking:
                if one.done():
                    one.result()
            assert time.monotonic() < end, "no query is answered any more"
            time.sleep(0.002)


def _reopened(layout: Layout) -> list[Encoders]:
    return [encoders(layout.made_with["text_model"])]


def _served(answers: list[Answer]) -> Served:
    """Return which collections answered; each point was made by the model that asked it."""
    served: Served = {}
    for answer in answers:
        for signal, found in answer.lists.items():
            for one in found:
                cards = cast("dict[str, str]", one.candidate.payload["cards"])
                assert cards[signal] == answer.encoders.card(signal).fingerprint
                assert served.setdefault(one.domain, one.collection) == one.collection
    return served


def changed_while_asked(changing: Changing, *domains: str) -> list[list[Served]]:
    """Index domains with the second models while queries run; return what answered each asker.

    A collection in memory has no lock to wait for, so only one may ask.
    """
    askers = 2 if isinstance(changing.state.vectors, EdgeVectors) else 1
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(askers))
        stack.callback(setattr, changing, "over", True)
        asking = [threads.submit(changing.ask) for _ in range(askers)]
        for domain in domains:
            changing.queries_pass(asking)
            changing.index(domain, "2")
        changing.queries_pass(asking)
    return [one.result() for one in asking]


@pytest.fixture
def changing(request: pytest.FixtureRequest, tmp_path: Path) -> Changing:
    """Return a world over the store that a test names."""
    if request.param == "memory":
        return Changing(State())
    return Changing(State(vectors=EdgeVectors(tmp_path, lock_timeout_s=PATIENCE_S)))


@pytest.mark.parametrize("changing", ["memory", "edge"], indirect=True)
def test_no_query_fails_or_mixes_models_while_they_change(changing: Changing) -> None:
    changing.fill("shop")
    told = changed_while_asked(changing, "shop")
    for served in told:
        assert [one["shop"] for one in served] == sorted(one["shop"] for one in served)
    assert {one["shop"] for one in chain(*told)} == {"mmrag__shop__g1", "mmrag__shop__g2"}


@pytest.mark.parametrize(
    "changing", ["memory", pytest.param("edge", marks=pytest.mark.slow)], indirect=True
)
def test_domains_that_change_one_after_the_other_answer_all_the_time(changing: Changing) -> None:
    changing.fill("office", "shop")
    told = chain(*changed_while_asked(changing, "office", "shop"))
    assert {(served["office"][-2:], served["shop"][-2:]) for served in told} >= {
        ("g1", "g1"),
        ("g2", "g1"),
        ("g2", "g2"),
    }


@pytest.mark.parametrize("changing", ["memory"], indirect=True)
def test_a_generation_rolled_back_to_is_asked_by_its_models_at_once(changing: Changing) -> None:
    changing.fill("shop")
    changing.index("shop", "2")
    changing.state.vectors.move_alias("mmrag__shop", "mmrag__shop__g1")
    (answer,) = changing.searcher().candidates(QUERY)
    assert answer.encoders == encoders("1")
