"""The default: evidence of all signals in nats, each trusted as far as the query lets it."""

from collections.abc import Sequence

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FusedFile, fuse
from mmrag_pipeline.retrieval.phrases import with_phrases
from mmrag_pipeline.retrieval.signals import Answer
from mmrag_pipeline.retrieval.trust import trust


def evidence(asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
    """Rank by nats of evidence, each signal trusted as far as the query lets it.

    Words that stand beside each other in the query and in a text add to those of `bm25`.
    """
    trusts = trust(asked.words, answers, pictured=asked.pictured, said=asked.said)
    lists = with_phrases(asked.words, [answer.lists for answer in answers])
    return fuse(lists, trusts, depth=asked.depth)
