"""Rankings of pages instead of files: the same lists, the same strategy, each page a file."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mmrag_pipeline.evaluation.qrels import RelevantPage
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.signals import Answer, Found

_MARK = "\0"
"""Between key and page number: what follows the last one is the number, whatever the key is."""


def paged(answers: Sequence[Answer]) -> list[Answer]:
    """Return the same points as if each page were a file of its own.

    What a strategy then ranks are pages, each by its best point of every signal.
    """
    return [
        replace(one, lists={s: [_of_page(f) for f in found] for s, found in one.lists.items()})
        for one in answers
    ]


def page_of(file: FileId) -> tuple[str, str, int]:
    """Return domain, key and page number of what was ranked as a page."""
    domain, marked = file
    key, _, page_no = marked.rpartition(_MARK)
    return domain, key, int(page_no)


def page_entries(pages: Iterable[RelevantPage]) -> list[str]:
    """Return relevant pages as entries that `judge` compares with ranked pages."""
    return [_marked(page.entry, page.page_no) for page in pages]


def _of_page(found: Found) -> Found:
    payload = found.candidate.payload
    page_no = int(str(payload.get("page_no") or 1))
    marked = {**payload, "key": _marked(str(payload["key"]), page_no)}
    return replace(found, candidate=replace(found.candidate, payload=marked))


def _marked(key: str, page_no: int) -> str:
    return f"{key}{_MARK}{page_no}"
