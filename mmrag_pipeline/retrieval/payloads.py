"""What the points that were found say of their files."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from mmrag_pipeline.retrieval.fusion import FileId, file_of
from mmrag_pipeline.retrieval.signals import Answer

Payload = Mapping[str, object]


def payloads_of(answers: Sequence[Answer]) -> dict[FileId, list[Payload]]:
    """Return the payloads of the points that were found, by file; a point may be there twice."""
    held: dict[FileId, list[Payload]] = {}
    for answer in answers:
        for found in answer.lists.values():
            for one in found:
                held.setdefault(file_of(one), []).append(one.candidate.payload)
    return held


def changed_s(payloads: Iterable[Payload]) -> float | None:
    """Return when a file was last changed, in seconds, None where no point says it."""
    told = max((str(p.get("modified_at") or "") for p in payloads), default="")
    try:
        return datetime.fromisoformat(told).timestamp()
    except ValueError:
        return None
