"""Rankings that one search is enough for: each signal alone, one left out, strategies, kinds.

All are made from the lists of the same points, so that an ablation costs no call of a model. The
lists of a search end after a number of points (`Asked.depth`); a ranking that leaves points out
takes the next best ones in their place, so lists are fetched deeper than a search does and cut to
its depth afterwards. It is an approximation where even the deep list of a domain ended before so
many points were left: what comes after its end is missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.records import PointKind, Signal
from mmrag_pipeline.retrieval.best import best_of
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.fusion import alone as only
from mmrag_pipeline.retrieval.signals import SIGNALS, Answer, Found, Seen
from mmrag_pipeline.retrieval.strategies import Asked, Strategy, Tuning, tuned

FUSED = "fused"
"""The ranking that a search gives."""
_KINDS: Mapping[str, PointKind] = {"captions": "caption", "ocr": "ocr", "tiles": "tile"}
Keep = Callable[[Signal, Found], bool]


@dataclass(frozen=True, slots=True)
class Variant:
    """A ranking by name: the points that it is made of, and what makes it."""

    name: str
    rank: Strategy
    keep: Keep | None = None
    """Which points there are; None: all."""

    def __call__(self, asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        """Rank what is kept of each list, cut to the depth of a search."""
        return self.rank(asked, self.kept(asked, answers))

    def kept(self, asked: Asked, answers: Sequence[Answer]) -> list[Answer]:
        """Return what is ranked."""
        return [_cut(one, self.keep, asked.depth) for one in answers]


@dataclass(frozen=True, slots=True)
class Ablations:
    """Which rankings a run makes besides the fused one and each signal's."""

    families: tuple[str, ...] = ()
    """Names of FAMILIES."""
    ocr_confidences: tuple[float, ...] = (0.5, 0.8, 0.9)
    """Of the family `ocr_confidence`: points of lines read with less are left out."""
    tuning: Tuning = field(default_factory=Tuning)
    """Of the family `strategies`."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.families if name not in FAMILIES]
        if unknown:
            raise SettingsError(
                f"no ablation is named {unknown[0]!r:.100}; known: {', '.join(FAMILIES)}"
            )


def variants(strategy: Strategy, ablations: Ablations) -> list[Variant]:
    """Return the fused ranking, each signal alone, and what the ablations ask for, in order."""
    chosen = [name for name in FAMILIES if name in ablations.families]
    return [
        Variant(FUSED, strategy),
        *(Variant(signal, _alone(signal)) for signal in SIGNALS),
        *(one for name in chosen for one in FAMILIES[name](strategy, ablations)),
    ]


def name_of(strategy: Strategy, tuning: Tuning) -> str:
    """Return what a strategy is called that settings tune so."""
    named = (name for name, one in tuned(tuning).items() if one == strategy)
    return next(named, type(strategy).__name__.lower())


def _strategies(_strategy: Strategy, ablations: Ablations) -> Iterable[Variant]:
    return [Variant(f"strategy {name}", one) for name, one in tuned(ablations.tuning).items()]


def _leave_one_out(strategy: Strategy, _ablations: Ablations) -> Iterable[Variant]:
    return [Variant(f"without {signal}", strategy, _not_of(signal)) for signal in SIGNALS]


def _kinds(strategy: Strategy, _ablations: Ablations) -> Iterable[Variant]:
    return [Variant(f"no {name}", strategy, _not_a(kind)) for name, kind in _KINDS.items()]


def _ocr_confidence(strategy: Strategy, ablations: Ablations) -> Iterable[Variant]:
    return [
        Variant(f"ocr from {least:g}", strategy, _read_with(least))
        for least in sorted(set(ablations.ocr_confidences))
    ]


FAMILIES: Mapping[str, Callable[[Strategy, Ablations], Iterable[Variant]]] = {
    "strategies": _strategies,
    "leave_one_out": _leave_one_out,
    "kinds": _kinds,
    "ocr_confidence": _ocr_confidence,
}
"""Ablations by name."""


def _alone(signal: Signal) -> Strategy:
    def rank(asked: Asked, answers: Sequence[Answer]) -> list[FusedFile]:
        return only(signal, [one.lists for one in answers], depth=asked.depth)

    return rank


def _not_of(left_out: Signal) -> Keep:
    return lambda signal, _found: signal != left_out


def _not_a(kind: PointKind) -> Keep:
    return lambda _signal, found: found.candidate.payload.get("kind") != kind


def _read_with(least: float) -> Keep:
    """Keep OCR texts read with at least this confidence, and those of which nobody knows it."""

    def keep(_signal: Signal, found: Found) -> bool:
        payload = found.candidate.payload
        confidence = payload.get("confidence")
        known = payload.get("kind") == "ocr" and isinstance(confidence, int | float)
        return not known or float(str(confidence)) >= least

    return keep


def _cut(answer: Answer, keep: Keep | None, depth: int) -> Answer:
    """Return what is kept of an answer, also of what refinements and strategies look up later."""
    lists = {
        signal: best_of((f for f in found if keep is None or keep(signal, f)), depth)
        for signal, found in answer.lists.items()
    }
    if keep is None:
        return replace(answer, lists=lists)
    near, again = answer.near, answer.again
    return replace(
        answer,
        lists=lists,
        near=lambda signals, pages: _kept(near(signals, pages), keep),
        again=lambda files: _kept(again(files), keep),
    )


def _kept(found: Mapping[Signal, Sequence[Seen]], keep: Keep) -> dict[Signal, list[Seen]]:
    held = {s: [one for one in own if keep(s, one.found)] for s, own in found.items()}
    return {signal: own for signal, own in held.items() if own}
