"""Words that stand in a text as they stand in the query: what BM25, which counts single words,
does not see.

Whoever copies a line out of a document asks for just that line, common words included, and
"with this receipt" is rarer than its words are. So neighbouring words of the query count as
terms of their own, in the manner of the ordered windows of Metzler and Croft (A Markov random
field model for term dependencies, SIGIR 2005). How much they count is not a constant, as there:
it is the share of the query's pairs that the best text has. A copied line has all of them, a
question in free words hardly any.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.signals import Found, Lists
from mmrag_pipeline.retrieval.trust import BEST_TEXTS, idf

_WORD = re.compile(r"\w+")
Pair = tuple[str, str]


def with_phrases(text: str, lists: Sequence[Lists]) -> list[dict[Signal, Sequence[Found]]]:
    """Return the lists with the nats of the query's word pairs added to the scores of `bm25`.

    Pairs are looked for in the BEST_TEXTS best texts of all lists together, so that domains of
    several models are ranked as those of one. The other signals stay as they are.
    """
    found = sorted(
        ((number, one) for number, own in enumerate(lists) for one in own.get("bm25", ())),
        key=lambda pair: _best_first(pair[1]),
    )
    asked = pairs(text)
    if not asked or not found:
        return [dict(own) for own in lists]
    nats = _nats(asked, [pairs(_text(one)) for _, one in found[:BEST_TEXTS]])
    more = [*nats, *[0.0] * (len(found) - len(nats))]
    raised: list[list[Found]] = [[] for _ in lists]
    for (number, one), by in zip(found, more, strict=True):
        raised[number].append(_raised(one, by))
    return [
        {**own, **({"bm25": new} if "bm25" in own else {})}
        for own, new in zip(lists, raised, strict=True)
    ]


def pairs(text: str) -> set[Pair]:
    """Return the neighbouring words of a text, in lower case, punctuation aside."""
    return {*pairwise(word.casefold() for word in _WORD.findall(text))}


def _nats(asked: set[Pair], texts: Sequence[set[Pair]]) -> list[float]:
    """Return what the pairs in each text add: their idf, times the share that the best text has."""
    held = [text & asked for text in texts]
    frequency = Counter(pair for own in held for pair in own)
    weight: Mapping[Pair, float] = {pair: idf(frequency[pair], len(texts)) for pair in asked}
    sums = [sum(weight[pair] for pair in sorted(own)) for own in held]
    share = max(sums) / sum(weight[pair] for pair in sorted(asked))
    return [share * own for own in sums]


def _raised(found: Found, nats: float) -> Found:
    candidate = found.candidate
    return replace(found, candidate=replace(candidate, score=candidate.score + nats))


def _best_first(found: Found) -> tuple[float, str]:
    return -found.candidate.score, found.candidate.point_id


def _text(found: Found) -> str:
    return str(found.candidate.payload.get("text") or "")
