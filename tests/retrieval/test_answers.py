"""A question from search to checked answer, and what is kept of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from mmrag_pipeline.answer_records import Ask, Checked, Evidence, Usage
from mmrag_pipeline.engines.extractive import Extractive
from mmrag_pipeline.engines.stub import StubText
from mmrag_pipeline.errors import AnswerError, StateUnavailableError
from mmrag_pipeline.ids import Json
from mmrag_pipeline.keepers import AnswerCache
from mmrag_pipeline.records import Card
from mmrag_pipeline.retrieval.answers import Asking, FrailCache, cache_key
from mmrag_pipeline.retrieval.evidence import Budget
from mmrag_pipeline.retrieval.query import Query
from mmrag_pipeline.testing.heard import Heard
from tests.retrieval.shelves import Shelves, picture
from tests.retrieval.test_evidence import Paper

PRICE = "the Hush costs 189.00"


@dataclass(slots=True)
class Scripted:
    """An answerer that says what it is told, and what it was shown."""

    pieces: Sequence[str | Usage] = ("The Hush ", "costs 189.00 [E1].", Usage(7, 3))
    name: str = "scripted"
    shown: list[Sequence[Evidence]] = field(default_factory=list)

    @property
    def card(self) -> Card:
        return replace(Extractive(StubText()).card, name=self.name)

    def answer(self, question: Ask, evidence: Sequence[Evidence]) -> Iterator[str | Usage]:
        self.shown.append(evidence)
        yield from self.pieces


@dataclass
class Kept:
    """A cache in memory."""

    held: dict[str, Json] = field(default_factory=dict)

    def get(self, key: str) -> Json:
        return self.held.get(key)

    def put(self, key: str, value: Json) -> None:
        self.held[key] = value

    def clear(self) -> int:
        return sum(self.held.pop(key) is not None for key in [*self.held])


class Broken:
    """A cache that cannot be reached."""

    def get(self, key: str) -> Json:
        raise StateUnavailableError("no way there")

    def put(self, key: str, value: Json) -> None:
        raise StateUnavailableError("no way there")

    def clear(self) -> int:
        raise StateUnavailableError("no way there")


def asking(
    answerer: Scripted, cache: AnswerCache | None = None, warnings: list[str] | None = None
) -> Asking:
    shelves = Shelves()
    shelves.fill("shop", {"a.txt": PRICE})
    told = warnings if warnings is not None else []
    return Asking(shelves.searcher, Paper(), answerer, Budget(1000), FrailCache(cache, told.append))


def test_sentences_are_told_when_they_are_complete_and_checked() -> None:
    said: list[Checked] = []
    pieces = ("The Hush costs", " 189.00 [E1]. It is", " red [E2].")
    answer = asking(Scripted(pieces)).ask(Query(text=PRICE), said.append)
    assert [one.text for one in said] == ["The Hush costs 189.00.", "It is red."]
    assert [bool(one.problem) for one in answer.sentences] == [False, True]
    assert answer.groundedness == 0.5


def test_an_unsupported_sentence_is_marked_and_not_dropped() -> None:
    answer = asking(Scripted(("The Hush costs 188.00 [E1].",))).ask(Query(text=PRICE))
    assert answer.text == "The Hush costs 188.00."
    assert answer.sentences[0].missing == ("188.00",)


def test_the_same_question_is_answered_once() -> None:
    answerer, cache = Scripted(), Kept()
    first, second = (asking(answerer, cache).ask(Query(text=PRICE)) for _ in range(2))
    assert len(answerer.shown) == 1
    assert (first.cached, second.cached) == (False, True)
    assert replace(second, cached=False) == first


def test_another_question_picture_evidence_or_model_is_answered_anew() -> None:
    shown = asking(Scripted()).evidence(Query(text=PRICE))
    card = Scripted().card
    keys = {
        cache_key(Ask(PRICE), shown, card),
        cache_key(Ask("else"), shown, card),
        cache_key(Ask(PRICE, picture(1)), shown, card),
        cache_key(Ask(PRICE, picture(2)), shown, card),
        cache_key(Ask(PRICE), [replace(shown[0], key="b.txt")], card),
        cache_key(Ask(PRICE), shown, Scripted(name="other").card),
    }
    assert len(keys) == 6


def test_who_may_not_see_the_evidence_is_not_told_from_the_cache() -> None:
    answerer, cache = Scripted(), Kept()
    asking(answerer, cache).ask(Query(text=PRICE))
    other = asking(answerer, cache).ask(Query(text=PRICE, visibility=("staff",)))
    assert (other.abstained, other.cached, other.evidence) == (True, False, ())


def test_without_evidence_nobody_is_asked() -> None:
    answerer = Scripted()
    answer = asking(answerer).ask(Query(text=PRICE, visibility=("nobody",)))
    assert (answer.text, answerer.shown) == ("I do not know", [])


def test_a_broken_cache_fails_no_answer_and_warns_once() -> None:
    warnings: list[str] = []
    answer = asking(Scripted(), Broken(), warnings).ask(Query(text=PRICE))
    assert answer.sentences[0].problem == ""
    assert warnings == ["answers are not cached: no way there"]


def test_a_cache_that_failed_is_left_alone_at_the_questions_after() -> None:
    warnings: list[str] = []
    one = asking(Scripted(), Broken(), warnings)
    answers = [one.ask(Query(text=PRICE)) for _ in range(3)]
    assert [answer.cached for answer in answers] == [False] * 3
    assert len(warnings) == 1


@pytest.mark.parametrize("kept", [[], "text", {"text": 1}, {"usage": {}}])
def test_what_is_no_answer_in_the_cache_is_made_again(kept: Json) -> None:
    answerer = Scripted()
    one = asking(answerer)
    key = cache_key(Ask(PRICE), one.evidence(Query(text=PRICE)), answerer.card)
    answer = replace(one, cache=FrailCache(Kept({key: kept}))).ask(Query(text=PRICE))
    assert (answer.cached, len(answerer.shown)) == (False, 1)


def test_an_answer_that_was_cut_or_failed_is_not_kept() -> None:
    cache = Kept()
    asking(Scripted(("The Hush", Usage(cut=True))), cache).ask(Query(text=PRICE))

    class Failing(Scripted):
        def answer(self, question: Ask, evidence: Sequence[Evidence]) -> Iterator[str | Usage]:
            yield "The Hush "
            raise AnswerError("it broke off")

    with pytest.raises(AnswerError):
        asking(Failing(), cache).ask(Query(text=PRICE))
    assert cache.held == {}


def test_telemetry_is_told_of_tokens_and_whether_the_cache_held_the_answer() -> None:
    heard, answerer, cache = Heard(), Scripted(), Kept()
    for _ in range(2):
        one = asking(answerer, cache)
        one = replace(one, searcher=replace(one.searcher, telemetry=heard))
        one.ask(Query(text=PRICE))
    answers = [heard.values["mmrag_answers_total", held] for held in ("hit", "miss")]
    tokens = [heard.values["mmrag_answer_tokens_total", kind] for kind in ("prompt", "completion")]
    assert (answers, tokens) == ([1, 1], [7, 3])
    assert [name for name, *_ in heard.spans].count("generate") == 1
