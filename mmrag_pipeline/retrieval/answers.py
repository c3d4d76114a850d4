"""A question, from search to checked answer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from mmrag_pipeline.answer_records import Ask, Checked, Evidence, GroundedAnswer, Usage, by_id
from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.ids import Json, digest_bytes, digest_json
from mmrag_pipeline.keepers import AnswerCache
from mmrag_pipeline.metrics import ANSWERS, TOKENS
from mmrag_pipeline.model_ports import Answerer
from mmrag_pipeline.records import Card, Pixels
from mmrag_pipeline.retrieval.evidence import Budget, Pages, choose
from mmrag_pipeline.retrieval.query import Query, Searcher
from mmrag_pipeline.retrieval.stages import stage
from mmrag_pipeline.retrieval.support import check
from mmrag_pipeline.wording import DO_NOT_KNOW, completed, knows_nothing, sentences

FILES = 8
"""How many of the best files evidence is taken from, where nobody says."""
_CHARS_A_TOKEN = 4
"""Of English; no tokenizer of ours is that of a server."""
Said = Callable[[Checked], None]
"""Told of each sentence when it is complete."""


def nobody(_: object) -> None:
    """Tell nobody."""


def about_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return len(text) // _CHARS_A_TOKEN + 1


@dataclass(slots=True)
class FrailCache:
    """A cache that never fails an answer: after its first failure it is left alone."""

    inner: AnswerCache | None = None
    warn: Callable[[str], None] = nobody

    def get(self, key: str) -> Json:
        """Return what is kept; None where that cannot be told."""
        return self._tried(lambda cache: cache.get(key))

    def put(self, key: str, value: Json) -> None:
        """Keep a value where that can be done."""
        self._tried(lambda cache: cache.put(key, value))

    def _tried(self, call: Callable[[AnswerCache], Json]) -> Json:
        cache = self.inner
        if cache is None:
            return None
        try:
            return call(cache)
        except (StateUnavailableError, CorruptStateError) as error:
            self.inner = None
            self.warn(f"answers are not cached: {error}")
            return None


@dataclass(frozen=True, slots=True)
class _Reply:
    text: str
    usage: Usage
    sentences: tuple[Checked, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """Answers questions from what a search finds, and checks what an answerer says."""

    searcher: Searcher
    pages: Pages
    answerer: Answerer
    budget: Budget
    cache: FrailCache = field(default_factory=FrailCache)
    """One for all questions, so that a cache that fails is waited for once."""

    def evidence(self, query: Query) -> list[Evidence]:
        """Return what an answer to a query may be made from; raises as Searcher.search does.

        The index applies the query's filters, visibility among them: nothing else is looked at.
        """
        return choose(self.searcher.search(query), self.pages, self.budget, about_tokens)

    def ask(self, query: Query, said: Said = nobody) -> GroundedAnswer:
        """Return the checked answer to the words of a query; raises AnswerError.

        An answer is found again for the same question, evidence and model only, so that nobody is
        told what they may not see. Without any evidence nobody is asked.
        """
        with stage(self.searcher.telemetry, "answer"):
            answer = self._asked(query, said)
        self._tell(answer)
        return answer

    def _asked(self, query: Query, said: Said) -> GroundedAnswer:
        evidence = self.evidence(query)
        question = Ask(query.text, query.image)
        key = cache_key(question, evidence, self.answerer.card)
        kept = _reply_of(self.cache.get(key)) if evidence else None
        told = partial(_told, evidence=evidence, said=said)
        if kept is not None:
            return self._answer(query, evidence, told(kept), cached=True)
        if not evidence:
            return self._answer(query, evidence, told([DO_NOT_KNOW]))
        with stage(self.searcher.telemetry, "generate"):
            reply = told(self.answerer.answer(question, evidence))
        if not reply.usage.cut:
            self.cache.put(key, {"text": reply.text, "usage": reply.usage.as_json()})
        return self._answer(query, evidence, reply)

    def _tell(self, answer: GroundedAnswer) -> None:
        """Tell whether the cache held it, and, where it did not, what it cost."""
        record = self.searcher.telemetry.record
        record(ANSWERS, 1, "hit" if answer.cached else "miss")
        if not answer.cached:
            record(TOKENS, answer.usage.prompt_tokens or 0, "prompt")
            record(TOKENS, answer.usage.completion_tokens or 0, "completion")

    def _answer(
        self, query: Query, evidence: Sequence[Evidence], reply: _Reply, *, cached: bool = False
    ) -> GroundedAnswer:
        return GroundedAnswer(
            question=query.text,
            sentences=reply.sentences,
            evidence=tuple(evidence),
            model=self.answerer.card,
            usage=reply.usage,
            abstained=knows_nothing(reply.text),
            cached=cached,
        )


def cache_key(question: Ask, evidence: Sequence[Evidence], card: Card) -> str:
    """Return the digest of all that decides an answer."""
    shown: list[Json] = [one.digest for one in evidence]
    return digest_json(
        ["answer", question.text, _digest(question.picture), shown, card.fingerprint]
    )


def _digest(picture: Pixels | None) -> Json:
    return None if picture is None else [list(picture.shape), digest_bytes(picture.tobytes())]


def _told(pieces: Iterable[str | Usage], *, evidence: Sequence[Evidence], said: Said) -> _Reply:
    """Return what was said, checked; tell of each sentence as it is complete."""
    text, rest, usage = "", "", Usage()
    known, checked = by_id(evidence), list[Checked]()

    def take(found: Sequence[str]) -> None:
        for sentence in found:
            checked.append(check(sentence, known))
            said(checked[-1])

    for piece in pieces:
        if isinstance(piece, Usage):
            usage = piece
            continue
        text += piece
        ended, rest = completed(rest + piece)
        take(ended)
    take(sentences(rest))
    return _Reply(text, usage, tuple(checked))


def _reply_of(kept: Json) -> list[str | Usage] | None:
    """Return an answer as it was kept; None for what is none, whoever wrote it."""
    if not isinstance(kept, dict) or not isinstance(kept.get("text"), str):
        return None
    usage = kept.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    known = [count if isinstance(count, int) else None for count in (prompt, completion)]
    return [str(kept["text"]), Usage(known[0], known[1])]
