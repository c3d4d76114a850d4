"""From one candidate list per signal to one ranking of files, in nats of evidence.

Ranks throw away how far apart scores are, so nothing here adds them up. The best score a
signal gives to any point of a file is translated to nats (natural-log odds), and evidence of
different signals is added, as independent evidence is:

- BM25 adds inverse document frequencies, which are log-odds already (Robertson and Spärck
  Jones 1976): one nat per unit. A query full of numbers and names has rare terms, so the
  file that holds them all leads by tens of nats, and no other signal overrules it. Only what
  lies above the end of a list that was cut off counts, for files beyond it may have as much.
- A dense model is trained by contrast: cosine times its inverse temperature is the log-odds
  of a match. Only what a file has above the background (the median over the files that the
  signal found) counts: a signal without a peak says nothing, nor does a missing vector.

Each signal's nats are multiplied by the trust it earns for this query (trust.py). The order
of candidates never matters.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.signals import SIGNALS, Found, Lists
from mmrag_pipeline.retrieval.trust import Trust

CONTRAST = 20.0
"""Inverse temperature of contrastive training in sentence-transformers. Image-text models end
training with 50 to 100, but are that sure only of pictures like those they have seen."""
FileId = tuple[str, str]
"""Domain and key."""


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
    """One file, its score (the sum of its contributions) and what each signal says of it."""

    file: FileId
    score: float
    shares: Mapping[Signal, Share]


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


def fuse(lists: Lists, trust: Trust, *, depth: int) -> list[FusedFile]:
    """Return every found file, best first; a list of `depth` points or more was cut off.

    Files with equal evidence (most often none above the background) keep the order of the
    trusted signal that ranks them best, then of their names.
    """
    asked = [signal for signal in SIGNALS if lists.get(signal)]
    shares = {s: _shares(s, lists[s], trust=trust[s], depth=depth) for s in asked}
    files = {file for ranked in shares.values() for file in ranked}
    fused = [_fused(file, shares) for file in files]
    return sorted(fused, key=lambda f: (-f.score, _best_rank(f, trust), f.file))


def _shares(
    signal: Signal, found: Sequence[Found], *, trust: float, depth: int
) -> dict[FileId, Share]:
    best = best_scores(found)
    if signal == "bm25":
        nats, background = trust, _beyond(found, depth)
    else:
        nats, background = trust * CONTRAST, median(best.values())
    return {
        file: Share(rank, score, nats * max(0.0, score - background))
        for rank, (file, score) in enumerate(best.items(), start=1)
    }


def _beyond(found: Sequence[Found], depth: int) -> float:
    """Return the score that a point which is not in the list has at most."""
    return min(one.candidate.score for one in found) if len(found) >= depth else 0.0


def _fused(file: FileId, shares: Mapping[Signal, Mapping[FileId, Share]]) -> FusedFile:
    own = {signal: ranked[file] for signal, ranked in shares.items() if file in ranked}
    return FusedFile(file, sum(share.contribution for share in own.values()), own)


def _best_rank(file: FusedFile, trust: Trust) -> float:
    ranks = (share.rank for signal, share in file.shares.items() if trust[signal] > 0)
    return min(ranks, default=math.inf)
