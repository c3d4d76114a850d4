"""From candidate lists per signal to one ranking of files, in nats of evidence.

Ranks throw away how far apart scores are, so nothing here adds them up. The best score a
signal gives to any point of a file is translated to nats (natural-log odds), and evidence of
different signals is added, as independent evidence is:

- BM25 adds inverse document frequencies, which are log-odds already (Robertson and Spärck
  Jones 1976): one nat per unit. A query full of numbers and names has rare terms, so the
  file that holds them all leads by tens of nats, and no other signal overrules it. Only what
  lies above the end of a list that was cut off counts, for files beyond it may have as much.
- A dense model speaks through its peaks: a file's nats say how unlikely its score is among
  the files that the signal found (background.py). Pictures and texts are so weighed by one
  measure, whatever range the cosines of their models have, and a signal that merely finds
  what is always there does not outshout one that sees the answer. A signal without a peak
  says nothing, nor does a missing vector.

Each signal's nats are multiplied by the trust it earns for this query (trust.py). The order
of candidates never matters.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.background import background
from mmrag_pipeline.retrieval.signals import SIGNALS, Found, Lists
from mmrag_pipeline.retrieval.trust import Trust

CONTRAST: Mapping[Signal, float] = {"text": 20.0, "image": 100.0, "image_text": 100.0}
"""Inverse temperature of contrastive training: the default of sentence-transformers, and where
CLIP's training stops (Radford et al. 2021). Only a bound, so a model near it needs no other."""
FileId = tuple[str, str]
"""Domain and key."""
Change = Mapping[str, float]
"""What a refinement did to a file: its places `from` and `to`, from 1, if it moved; and what else
it has to say in numbers."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one signal says of a file: its rank and raw score there, and the nats it adds."""

    rank: int
    score: float
    contribution: float

    def as_json(self) -> dict[str, int | float]:
        """Return the fields by name."""
        return {"rank": self.rank, "score": self.score, "contribution": self.contribution}


@dataclass(frozen=True, slots=True)
class FusedFile:
    """One file, its score (the sum of its contributions) and what each signal says of it.

    Refinements may change the score; contributions stay those of the fusion.
    """

    file: FileId
    score: float
    shares: Mapping[Signal, Share]
    changes: Mapping[str, Change] = field(default_factory=dict)
    """Refinement -> what it did."""
    copies: tuple[FileId, ...] = ()
    """Files of the same content that this one stands for."""

    @classmethod
    def of(cls, file: FileId, shares: Mapping[Signal, Share]) -> "FusedFile":
        """Return a file with the score that its shares add up to."""
        return cls(file, sum(share.contribution for share in shares.values()), shares)

    def joined(self, other: "FusedFile") -> "FusedFile":
        """Return the file with what other signals say of it, too."""
        return FusedFile.of(self.file, {**self.shares, **other.shares})

    def scaled(self, factor: float) -> "FusedFile":
        """Return the file with all contributions multiplied."""
        return FusedFile.of(
            self.file,
            {
                signal: replace(share, contribution=factor * share.contribution)
                for signal, share in self.shares.items()
            },
        )

    def changed(self, name: str, change: Change) -> "FusedFile":
        """Return the file with what a refinement did to it, beside what it said before."""
        return replace(
            self, changes={**self.changes, name: {**self.changes.get(name, {}), **change}}
        )


def best_first(files: Iterable[FusedFile]) -> list[FusedFile]:
    """Return files by score, equal ones by name."""
    return sorted(files, key=lambda file: (-file.score, file.file))


def file_of(found: Found) -> FileId:
    """Return which file a point belongs to."""
    return found.domain, str(found.candidate.payload["key"])


def best_scores(found: Iterable[Found]) -> dict[FileId, float]:
    """Return the best score of each file, best file first, equal scores by name."""
    best: dict[FileId, float] = {}
    for one in found:
        file = file_of(one)
        best[file] = max(one.candidate.score, best.get(file, one.candidate.score))
    return dict(sorted(best.items(), key=lambda item: (-item[1], item[0])))


def fuse(lists: Sequence[Lists], trusts: Sequence[Trust], *, depth: int) -> list[FusedFile]:
    """Return every found file, best first; `depth` points of one domain were cut off.

    Each of `lists` was found by models of its own, with its own trust: cosines are read against
    those of the same model, and nats are compared. Files with equal evidence (most often none
    above the background) keep the order of the trusted signal that ranks them best, then of
    their names.
    """
    beyond = _beyond((found for own in lists for found in own.get("bm25", ())), depth)
    order = {}
    for own, trust in zip(lists, trusts, strict=True):
        asked = [signal for signal in SIGNALS if own.get(signal)]
        shares = {s: _shares(s, own[s], trust=trust[s], beyond=beyond) for s in asked}
        for file in {file for ranked in shares.values() for file in ranked}:
            fused = _fused(file, shares)
            order[fused.file] = (-fused.score, _best_rank(fused, trust), fused)
    return [fused for *_, fused in sorted(order.values(), key=lambda o: (*o[:2], o[2].file))]


def alone(signal: Signal, lists: Sequence[Lists], *, depth: int) -> list[FusedFile]:
    """Return the files that one signal found, best first by what it says alone."""
    own = [{signal: held[signal]} for held in lists if signal in held]
    return fuse(own, [{signal: 1.0}] * len(own), depth=depth)


def _shares(
    signal: Signal, found: Sequence[Found], *, trust: float, beyond: float
) -> dict[FileId, Share]:
    best = best_scores(found)
    nats = _dense(signal, best) if signal in CONTRAST else [s - beyond for s in best.values()]
    return {
        file: Share(rank, best[file], trust * max(0.0, own))
        for rank, (file, own) in enumerate(zip(best, nats, strict=True), start=1)
    }


def _dense(signal: Signal, best: Mapping[FileId, float]) -> list[float]:
    """Return the nats of files, best first; never rising, whatever the last digit does."""
    scores = list(best.values())
    spread = background(scores)
    return list(accumulate((spread.nats(s, CONTRAST[signal]) for s in scores), min))


def _beyond(found: Iterable[Found], depth: int) -> float:
    """Return the score that a point in no list has at most; each domain has its own list."""
    scores: dict[str, list[float]] = defaultdict(list)
    for one in found:
        scores[one.domain].append(one.candidate.score)
    return max((min(own) for own in scores.values() if len(own) >= depth), default=0.0)


def _fused(file: FileId, shares: Mapping[Signal, Mapping[FileId, Share]]) -> FusedFile:
    own = {signal: ranked[file] for signal, ranked in shares.items() if file in ranked}
    return FusedFile.of(file, own)


def _best_rank(file: FusedFile, trust: Trust) -> float:
    ranks = (share.rank for signal, share in file.shares.items() if trust[signal] > 0)
    return min(ranks, default=math.inf)
