"""De-duplication: of files with the same content the best stays, and names the others."""

from collections.abc import Sequence
from dataclasses import replace

from mmrag_pipeline.retrieval.asked import Asked
from mmrag_pipeline.retrieval.fusion import FusedFile
from mmrag_pipeline.retrieval.paged import number_of_page
from mmrag_pipeline.retrieval.payloads import payloads_of
from mmrag_pipeline.retrieval.signals import Answer


def distinct(
    asked: Asked, ranked: Sequence[FusedFile], answers: Sequence[Answer]
) -> list[FusedFile]:
    """Return the best file of each content (`digest`), the others as its `copies`, best first.

    Pages are the same where they are the same pages of the same content. A file whose points
    tell no digest is like no other. Only what was found is compared, so nobody learns of a copy
    that the query's filters hide.
    """
    digests = {
        file: max(str(payload.get("digest") or "") for payload in own)
        for file, own in payloads_of(answers).items()
    }
    kept: dict[tuple[str, str], FusedFile] = {}
    for file in ranked:
        digest = digests.get(file.file)
        content = (digest, number_of_page(file.file)) if digest else file.file
        held = kept.get(content)
        kept[content] = file if held is None else _standing_for(held, file)
    return list(kept.values())


def _standing_for(held: FusedFile, copy: FusedFile) -> FusedFile:
    return replace(held, copies=(*held.copies, copy.file, *copy.copies))
