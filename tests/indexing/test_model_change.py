"""The story of a model change: serving goes on, a bad model is refused, and there is a way back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.indexing.generations import promote, rollback
from mmrag_pipeline.indexing.history import Said
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.stations import run_partition
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.stores.memory import MemoryVectors
from mmrag_pipeline.testing.gates import BlindText, gated, searcher_of
from mmrag_pipeline.testing.ledger import Ledger, audited
from mmrag_pipeline.testing.snapshot import serving
from mmrag_pipeline.testing.source import FakeSource
from mmrag_pipeline.testing.worlds import Models, State, fake_world

SHOP = "shop"
G1, G2 = "mmrag__shop__g1", "mmrag__shop__g2"
WORDS = ("amber bolt", "cedar delta", "ember fjord", "grove harbor", "amber delta", "bolt fjord")
QUERIES = [LabelledQuery(w, w, None, (f"{n}.txt",), "words") for n, w in enumerate(WORDS)]
GOOD, BAD = Models(), Models(text=BlindText())
ANNA = Said(by="anna", reason="seen by hand")


@dataclass
class Shop:
    """A domain under models that change."""

    source: FakeSource = field(default_factory=FakeSource)
    state: State = field(default_factory=State)
    ledger: Ledger = field(default_factory=Ledger)

    def world(self, models: Models) -> World:
        """Return the world under these models; the ledger counts the calls of stations."""
        paid = audited(models, self.ledger)
        made = fake_world(self.source, state=self.state, models=paid)
        gate = gated(fake_world(self.source, state=self.state, models=models), QUERIES, GOOD, BAD)
        return replace(made, gate=gate.gate)

    def run(self, models: Models) -> Outcome:
        """Bring the index up to date; return what became of the collection."""
        return run_partition(self.world(models), SHOP, Mode("run"))[-1]

    def first(self, models: Models) -> tuple[str, str]:
        """Return the key and the generation of the first hit."""
        found = searcher_of(self.world(models), GOOD, BAD).search(
            Query(text="cedar delta", domains=(SHOP,))
        )
        return found[0].key, found[0].collection


@pytest.fixture
def shop() -> Shop:
    """Give an indexed domain of six texts."""
    made = Shop()
    for number, words in enumerate(WORDS):
        made.source.put(SHOP, f"{number}.txt", f"txt:{words}".encode())
    made.run(GOOD)
    return made


def test_a_bad_model_is_refused_promoted_rolled_back_and_promoted_without_a_model_call(
    shop: Shop,
) -> None:
    assert shop.run(BAD).changes["held_back"] == 1
    assert shop.first(BAD) == ("1.txt", G1)
    promote(shop.world(BAD), SHOP, ANNA)
    assert "held_back" not in shop.run(BAD).changes
    assert shop.first(BAD)[1] == G2
    rollback(shop.world(BAD), SHOP, ANNA)
    assert shop.run(BAD).changes["held_back"] == 1
    assert shop.first(BAD) == ("1.txt", G1)
    paid = shop.ledger.calls()
    promote(shop.world(BAD), SHOP, ANNA)
    outcome = shop.run(BAD)
    assert (outcome.computed, shop.ledger.calls()) == (0, paid)
    assert serving(shop.world(BAD), SHOP) == G2


def test_going_back_to_the_settings_of_before_costs_only_what_is_new_since(shop: Shop) -> None:
    shop.run(BAD)
    promote(shop.world(BAD), SHOP, ANNA)
    shop.source.put(SHOP, "6.txt", b"txt:delta harbor")
    shop.run(BAD)
    paid = shop.ledger.calls()
    shop.run(GOOD)
    assert shop.ledger.calls() == paid + 1
    assert shop.first(GOOD) == ("1.txt", G1)


def test_queries_are_answered_all_the_while(shop: Shop) -> None:
    shop.state = State(vectors=MemoryVectors(exclusive=False))
    shop.run(GOOD)
    with _asking(shop) as seen:
        shop.run(BAD)
        promote(shop.world(BAD), SHOP, ANNA)
        shop.run(BAD)
        rollback(shop.world(BAD), SHOP, ANNA)
    assert {G1} <= set(seen) <= {G1, G2}


@contextmanager
def _asking(shop: Shop) -> Iterator[list[str]]:
    """Search in a loop meanwhile; yields the generations that answered, fails on any error."""
    seen: list[str] = []
    failed: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                seen.append(shop.first(BAD)[1])
            except Exception as error:  # told by the test
                failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
    assert failed == []
