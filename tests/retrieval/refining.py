"""Rankings to refine, made by hand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FusedFile, Share, file_of
from mmrag_pipeline.retrieval.signals import Answer, Found, Lists, Seen
from tests.retrieval.shelves import answers, found

WORDS = Asked("a red kettle", pictured=False, depth=100)
Vector = tuple[float, float]


def ranking(**scores: float) -> list[FusedFile]:
    """Return files of the shop as ranked, in the order that is given."""
    return [FusedFile.of(("shop", key), {"text": Share(1, s, s)}) for key, s in scores.items()]


def keys(files: Sequence[FusedFile]) -> list[str]:
    """Return the keys of a ranking."""
    return [file.file[1] for file in files]


def scores(files: Sequence[FusedFile]) -> dict[str, float]:
    """Return the scores of a ranking by key."""
    return {file.file[1]: file.score for file in files}


def answering(seen: Mapping[Signal, Sequence[Seen]], lists: Lists) -> Answer:
    """Return an answer that lists some points, and others when it is asked again."""

    def again(files: Collection[tuple[str, str]]) -> Mapping[Signal, list[Seen]]:
        return {s: [one for one in own if file_of(one.found) in files] for s, own in seen.items()}

    return replace(answers(lists)[0], again=again)


def seen(key: str, vector: Vector, *, score: float = 1.0) -> Seen:
    """Return a point with its vector."""
    return Seen(found(key, score, vector=vector), np.asarray(vector, np.float32))


def told(*points: Found) -> list[Answer]:
    """Return an answer whose points say something of their files."""
    return answers({"text": points})
