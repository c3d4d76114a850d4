"""What learned fusion sees of a query and a file: numbers that mean the same for every query."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import get_args

import numpy as np
import numpy.typing as npt

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked, Form
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, Share, best_scores, file_of
from mmrag_pipeline.retrieval.normalised import minmax
from mmrag_pipeline.retrieval.payloads import changed_s
from mmrag_pipeline.retrieval.signals import SIGNALS, Answer, Found
from mmrag_pipeline.retrieval.trusted import evidence

FORMS: tuple[Form, ...] = get_args(Form)
_OF_SIGNAL = ("score", "rank", "nats", "found", *(f"nats_of_{form}" for form in FORMS))
_OF_FILE = ("ocr_confidence", "caption_length", "recency")
FEATURES: tuple[str, ...] = (
    *(f"{signal}.{name}" for signal in SIGNALS for name in _OF_SIGNAL),
    *_OF_FILE,
)
"""Of each signal: its score by min-max among the files that the same models found, 1 / log2(1 +
rank), its nats of trusted evidence, 1 for being there, and the nats once more if the query has
this form (what is the same for all files of a query cannot order them, so the form shows in what
a signal counts). Of the file, from the points that were found: mean OCR confidence, ln(1 + words
of the longest caption), and -ln(1 + days behind the newest file found). 0 for what is absent."""
Matrix = npt.NDArray[np.float64]
_WIDTH = len(_OF_SIGNAL)
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Described:
    """The files found for a query by name, with their evidence; `rows` are their FEATURES."""

    files: tuple[FusedFile, ...]
    rows: Matrix


def described(asked: Asked, answers: Sequence[Answer]) -> Described:
    """Return the features of every found file, a function of the set of candidates only."""
    files = tuple(sorted(evidence(asked, answers), key=lambda file: file.file))
    scores = _normalised(answers)
    about = _about_files([f for a in answers for found in a.lists.values() for f in found])
    rows = [
        [
            *(n for s in SIGNALS for n in _of_signal(file, s, scores=scores, form=asked.form)),
            *about[file.file],
        ]
        for file in files
    ]
    return Described(files, np.asarray(rows, np.float64).reshape(len(rows), len(FEATURES)))


def scored(found: Described, coefficients: Sequence[float]) -> list[FusedFile]:
    """Return the files by the weighted sum of their features, equal ones by name.

    A signal contributes its own features; those of the file are split evenly among the signals
    that found it.
    """
    worth = found.rows * np.asarray(coefficients, np.float64)
    files = [_weighed(file, row) for file, row in zip(found.files, worth, strict=True)]
    return sorted(files, key=lambda file: (-file.score, file.file))


def _weighed(file: FusedFile, worth: Matrix) -> FusedFile:
    rest = float(worth[len(SIGNALS) * _WIDTH :].sum()) / len(file.shares)
    shares = {}
    for signal, share in file.shares.items():
        start = SIGNALS.index(signal) * _WIDTH
        own = float(worth[start : start + _WIDTH].sum())
        shares[signal] = Share(share.rank, share.score, own + rest)
    return FusedFile.of(file.file, shares)


def _of_signal(
    file: FusedFile,
    signal: Signal,
    *,
    scores: Mapping[tuple[Signal, FileId], float],
    form: Form,
) -> list[float]:
    share = file.shares.get(signal)
    if share is None:
        return [0.0] * _WIDTH
    by_form = [share.contribution if form == one else 0.0 for one in FORMS]
    rank = 1.0 / math.log2(1 + share.rank)
    return [scores[signal, file.file], rank, share.contribution, 1.0, *by_form]


def _normalised(answers: Sequence[Answer]) -> dict[tuple[Signal, FileId], float]:
    found: dict[tuple[Signal, FileId], float] = {}
    for answer in answers:
        for signal, candidates in answer.lists.items():
            best = best_scores(candidates)
            values = minmax(list(best.values())) if best else []
            found |= {(signal, file): v for file, v in zip(best, values, strict=True)}
    return found


def _about_files(found: Sequence[Found]) -> dict[FileId, tuple[float, float, float]]:
    points: dict[FileId, dict[str, Mapping[str, object]]] = {}
    for one in found:
        points.setdefault(file_of(one), {})[one.candidate.point_id] = one.candidate.payload
    changed = {file: changed_s(held.values()) for file, held in points.items()}
    newest = max((time for time in changed.values() if time is not None), default=None)
    return {
        file: (_confidence(held), _caption_length(held.values()), _recency(changed[file], newest))
        for file, held in points.items()
    }


def _confidence(held: Mapping[str, Mapping[str, object]]) -> float:
    """Return the mean over OCR points, in an order of their own: sums are the same always."""
    read = [payload for _, payload in sorted(held.items()) if payload.get("kind") == "ocr"]
    known = [c for p in read if isinstance(c := p.get("confidence"), int | float)]
    return fmean(known) if known else 0.0


def _caption_length(payloads: Iterable[Mapping[str, object]]) -> float:
    captions = (str(p.get("text") or "") for p in payloads if p.get("kind") == "caption")
    return math.log1p(max((len(text.split()) for text in captions), default=0))


def _recency(changed: float | None, newest: float | None) -> float:
    if changed is None or newest is None:
        return 0.0
    return -math.log1p((newest - changed) / _DAY_S)
