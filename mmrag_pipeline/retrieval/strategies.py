"""How the lists of several signals become one ranking: strategies by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mmrag_pipeline.retrieval.fusion import FusedFile, fuse
from mmrag_pipeline.retrieval.signals import Answer
from mmrag_pipeline.retrieval.trust import trust


@dataclass(frozen=True, slots=True)
class Asked:
    """What a strategy knows of a query, beside the answers to it."""

    text: str
    pictured: bool
    """Whether it has a picture."""
    depth: int
    """After how many points of one domain each list was cut off."""


class Strategy(Protocol):
    """Ranks every file that any signal found; the order of candidates never matters."""

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return the files, best first; a file's score is the sum of its signals' contributions."""
        ...


def evidence(asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
    """Rank by nats of evidence, each signal trusted as far as the query lets it."""
    trusts = trust(asked.text, answers, pictured=asked.pictured)
    return fuse([answer.lists for answer in answers], trusts, depth=asked.depth)


STRATEGIES: Mapping[str, Strategy] = {"evidence": evidence}
"""Name -> strategy; the first is what is used where none is named."""
