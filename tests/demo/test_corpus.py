"""The checked-in corpus and its queries are what the README of the demo promises."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
from PIL import Image, UnidentifiedImageError

from demo.generate.broken import BROKEN, COPY, ORIGINAL
from demo.generate.content import DOMAINS

DEMO = Path(__file__).parents[2] / "demo"
CORPUS = DEMO / "corpus"
KINDS = {
    "text_to_picture": 16,
    "words_in_picture": 14,
    "exact_number": 12,
    "picture_to_picture": 10,
    "mixed": 8,
}


def files() -> list[Path]:
    return sorted(path for path in CORPUS.rglob("*") if path.is_file())


def queries() -> list[dict[str, Any]]:
    text = (DEMO / "queries.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_there_are_sixty_queries_with_distinct_ids_of_every_kind() -> None:
    asked = queries()
    assert len({query["id"] for query in asked}) == 60
    assert Counter(query["kind"] for query in asked) == KINDS


def test_every_relevant_key_is_a_file_of_the_corpus() -> None:
    keys = {path.relative_to(CORPUS).as_posix() for path in files()}
    assert all(query["relevant"] and keys.issuperset(query["relevant"]) for query in queries())


def test_every_query_asks_with_words_or_with_a_picture_that_exists() -> None:
    for query in queries():
        assert "query" in query or "image" in query
        assert "image" not in query or (DEMO / query["image"]).is_file()


def test_query_pictures_are_small_and_differ_from_every_file() -> None:
    held = {path.read_bytes() for path in files()}
    pictures = [path.read_bytes() for path in (DEMO / "queries").iterdir()]
    assert len(pictures) == 16
    assert all(len(data) < 20_000 and data not in held for data in pictures)


def test_no_query_has_more_answers_than_a_result_page() -> None:
    assert max(len(query["relevant"]) for query in queries()) <= 5


def test_the_corpus_has_four_domains_and_stays_small() -> None:
    found = files()
    assert {path.relative_to(CORPUS).parts[0] for path in found} == set(DOMAINS)
    assert 155 <= len(found) <= 170
    assert sum(path.stat().st_size for path in found) < 12 * 2**20


def test_every_input_format_occurs() -> None:
    suffixes = {path.suffix for path in files()}
    pictures = {".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp"}
    assert suffixes == pictures | {".pdf", ".txt", ".md"}


def test_one_picture_lies_under_two_names() -> None:
    held = [path.read_bytes() for path in files()]
    assert (CORPUS / COPY).read_bytes() == (CORPUS / ORIGINAL).read_bytes()
    assert len(held) - len(set(held)) == 1


def can_be_read(path: Path) -> bool:
    data = path.read_bytes()
    try:
        if path.suffix == ".pdf":
            pypdfium2.PdfDocument(data).close()
        elif path.suffix not in {".txt", ".md"}:
            Image.open(BytesIO(data)).convert("RGB")
    except (OSError, UnidentifiedImageError, pypdfium2.PdfiumError):
        return False
    return True


def test_exactly_three_files_cannot_be_read() -> None:
    unreadable = {p.relative_to(CORPUS).as_posix() for p in files() if not can_be_read(p)}
    assert unreadable == set(BROKEN)


@pytest.mark.parametrize(
    ("name", "pages", "has_text"),
    [
        ("electronics/manuals/soundbar-guide.pdf", 3, True),
        ("kitchen/manuals/blender-booklet.pdf", 2, False),
    ],
)
def test_only_the_scanned_manual_lacks_a_text_layer(name: str, pages: int, has_text: bool) -> None:
    document = pypdfium2.PdfDocument(CORPUS / name)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    assert [bool(text) for text in texts] == [has_text] * pages
