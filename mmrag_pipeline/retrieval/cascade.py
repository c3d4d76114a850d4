"""A cascade: texts make a shortlist, and pictures are compared within it only.

Words are looked up (`bm25`) and compared with texts (`text`) first, which costs little. Of the
files that these find the best are re-ranked with what their pictures say. Where texts explain
the whole query pictures have no say: none is asked, and the query is not encoded for them. Where
texts find too few files for a shortlist, and for a picture without words, pictures are asked
everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, file_of, fuse
from mmrag_pipeline.retrieval.signals import CHEAP, Answer
from mmrag_pipeline.retrieval.trust import Trust, trust

SHORTLIST = 50
"""Files within which pictures are asked: fewer than that are no choice."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """Re-ranks the best files by texts with the evidence of their pictures (asked.Staged)."""

    files: int = SHORTLIST

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Return the files that texts find, best first; if they are few, all that is found.

        Evidence of texts is what it is among all files, that of pictures what it is within the
        shortlist. Files of equal evidence keep the order that texts give them.
        """
        trusts = trust(asked.words, answers, pictured=asked.pictured, said=asked.said)
        first = _fused(_cheap(answers), trusts, asked)
        if not asked.text.strip() or len(first) < self.files:
            return _fused(answers, trusts, asked)
        chosen = frozenset(file.file for file in first[: self.files])
        seen = {file.file: file for file in _fused(_pictures(answers, chosen), trusts, asked)}
        both = [file.joined(seen[file.file]) if file.file in seen else file for file in first]
        return sorted(both, key=lambda file: -file.score)

    def shortlist(self, asked: Asked, answers: Sequence[Answer]) -> frozenset[FileId] | None:
        """Return the best files by texts, none where pictures have no say, None for too few."""
        trusts = trust(asked.words, answers, pictured=asked.pictured, said=asked.said)
        if not any(own["image"] > 0.0 for own in trusts):
            return frozenset()
        first = _fused(_cheap(answers), trusts, asked)
        if not asked.text.strip() or len(first) < self.files:
            return None
        return frozenset(file.file for file in first[: self.files])


def _fused(answers: Sequence[Answer], trusts: Sequence[Trust], asked: Asked) -> list[FusedFile]:
    return fuse([answer.lists for answer in answers], trusts, depth=asked.depth)


def _cheap(answers: Sequence[Answer]) -> list[Answer]:
    return [
        replace(answer, lists={s: found for s, found in answer.lists.items() if s in CHEAP})
        for answer in answers
    ]


def _pictures(answers: Sequence[Answer], within: frozenset[FileId]) -> list[Answer]:
    return [
        replace(
            answer,
            lists={
                signal: [one for one in found if file_of(one) in within]
                for signal, found in answer.lists.items()
                if signal not in CHEAP
            },
        )
        for answer in answers
    ]
