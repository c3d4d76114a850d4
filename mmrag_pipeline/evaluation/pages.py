"""Rankings of pages instead of files: the same lists, the same strategy, each page a file."""

from collections.abc import Iterable

from mmrag_pipeline.evaluation.qrels import RelevantPage
from mmrag_pipeline.retrieval.fusion import FileId
from mmrag_pipeline.retrieval.paged import file_of_page, number_of_page, page_name


def page_of(file: FileId) -> tuple[str, str, int]:
    """Return domain, key and page number of what was ranked as a page."""
    return *file_of_page(file), int(number_of_page(file))


def page_entries(pages: Iterable[RelevantPage]) -> list[str]:
    """Return relevant pages as entries that `judge` compares with ranked pages."""
    return [page_name(page.entry, page.page_no) for page in pages]
