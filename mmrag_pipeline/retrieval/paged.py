"""Hits by page: each page is ranked as if it were a file of its own.

Strategies and refinements know files only. While they rank pages, the name of a page is that of
its file and its number behind a character that no name of a file holds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mmrag_pipeline.records import Signal
from mmrag_pipeline.retrieval.fusion import FileId, file_of
from mmrag_pipeline.retrieval.hits import Hit
from mmrag_pipeline.retrieval.signals import Answer, Found, Page, Seen, page_of

_MARK = "\0"


def paged(answer: Answer) -> Answer:
    """Return an answer whose points belong to their pages."""

    def near(signals: Sequence[Signal], pages: Collection[Page]) -> Mapping[Signal, list[Seen]]:
        whole = {(*file_of_page((domain, name)), page_no) for domain, name, page_no in pages}
        return _seen(answer.near(signals, whole))

    def again(files: Collection[FileId]) -> Mapping[Signal, list[Seen]]:
        found = _seen(answer.again(frozenset(map(file_of_page, files))))
        return {s: [one for one in own if file_of(one.found) in files] for s, own in found.items()}

    lists = {signal: [_on_page(one) for one in found] for signal, found in answer.lists.items()}
    return replace(answer, lists=lists, near=near, again=again)


def unpaged(hit: Hit) -> Hit:
    """Return the hit under the name of its file; its place tells the page."""
    _, key = file_of_page((hit.domain, hit.key))
    return replace(hit, key=key, copies=tuple(map(file_of_page, hit.copies)))


def file_of_page(name: FileId) -> FileId:
    """Return the file of a page by its name; a file is its own."""
    domain, key = name
    before, mark, _ = key.rpartition(_MARK)
    return domain, before if mark else key


def page_name(key: str, page_no: int) -> str:
    """Return the key under which a page is ranked."""
    return f"{key}{_MARK}{page_no:010}"


def number_of_page(name: FileId) -> str:
    """Return which page a name names, empty for a file."""
    _, mark, number = name[1].rpartition(_MARK)
    return number if mark else ""


def _seen(found: Mapping[Signal, Sequence[Seen]]) -> dict[Signal, list[Seen]]:
    return {
        signal: [replace(one, found=_on_page(one.found)) for one in own]
        for signal, own in found.items()
    }


def _on_page(found: Found) -> Found:
    _, key, page_no = page_of(found)
    payload = {**found.candidate.payload, "key": page_name(key, page_no)}
    return replace(found, candidate=replace(found.candidate, payload=payload))
