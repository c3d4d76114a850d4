"""A cross-encoder reads the query beside the best passages of the files on top."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmrag_pipeline.model_ports import PairScorer
from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FileId, FusedFile, file_of
from mmrag_pipeline.retrieval.reranked import RERANK_TOP, WEIGHT, reranked
from mmrag_pipeline.retrieval.signals import Answer

NAME = "cross-encoder"
PASSAGES = 3
"""Read per file: the best of each signal, then the second best."""
_OF_TEXTS: tuple[Signal, ...] = ("bm25", "text", "image_text")


@dataclass(frozen=True, slots=True)
class CrossEncoded:
    """Re-scores the files on top by their best passage (Nogueira and Cho 2019)."""

    scorer: PairScorer
    top: int = RERANK_TOP
    weight: float = WEIGHT

    def __call__(
        self, asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
    ) -> list[FusedFile]:
        """Return the files on top by both scores, then the others; a picture alone asks nothing.

        Raises ModelUnavailableError and ModelDriftError.
        """
        best = ranked[: self.top]
        passages = passages_of([file.file for file in best], answers)
        pairs = [(file, text) for file, texts in passages.items() for text in texts]
        if not asked.text.strip() or not pairs:
            return list(ranked)
        judged: dict[FileId, float] = {}
        scores = self.scorer.scores(asked.text, [text for _, text in pairs])
        for (file, _), score in zip(pairs, scores, strict=True):
            judged[file] = max(score, judged.get(file, score))
        top = reranked(NAME, best, judged, weight=self.weight)
        return [*top, *ranked[self.top :]]


def passages_of(
    files: Sequence[FileId], answers: Sequence[Answer]
) -> dict[FileId, tuple[str, ...]]:
    """Return the texts by which each file was found, best first; none twice, three at most."""
    wanted = {*files}
    found: list[tuple[int, int, FileId, str]] = []
    for answer in answers:
        for turn, signal in enumerate(_OF_TEXTS):
            places: dict[FileId, int] = {}
            for one in sorted(
                answer.lists.get(signal, ()),
                key=lambda f: (-f.candidate.score, f.candidate.point_id),
            ):
                file, text = file_of(one), str(one.candidate.payload.get("text") or "")
                if file in wanted and text.strip():
                    places[file] = places.get(file, 0) + 1
                    found.append((places[file], turn, file, text))
    held: dict[FileId, dict[str, None]] = {}
    for *_, file, text in sorted(found):
        held.setdefault(file, {})[text] = None
    return {file: tuple(texts)[:PASSAGES] for file, texts in held.items()}
