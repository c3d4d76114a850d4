"""Labelled queries read from a file."""

import json
import re
from pathlib import Path

import pytest

from mmrag_pipeline.errors import NotFoundError, ParseError
from mmrag_pipeline.evaluation.qrels import LabelledQuery, RelevantPage, read_queries

_PAGE = {"file": "./a.pdf", "page": 1}


def write(folder: Path, *rows: object) -> Path:
    """Return a queries file with one row per line."""
    path = folder / "queries.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def row(**fields: object) -> dict[str, object]:
    """Return a valid row with these fields changed."""
    return {"id": "q1", "query": "kettle", "relevant": ["a.png"], "kind": "words", **fields}


def test_a_row_becomes_a_query(tmp_path: Path) -> None:
    assert read_queries(write(tmp_path, row())) == [
        LabelledQuery("q1", "kettle", None, ("a.png",), "words")
    ]


def test_a_field_that_is_none_of_ours_is_ignored_and_told(tmp_path: Path) -> None:
    (read,) = read_queries(write(tmp_path, row(author="me")))
    assert (read.text, read.ignored) == ("kettle", ("author",))


@pytest.mark.parametrize(
    ("given", "read"), [("42", ("42",)), (42.5, ("42.5",)), (["4", "four"], ("4", "four"))]
)
def test_one_answer_or_several_are_read(
    tmp_path: Path, given: object, read: tuple[str, ...]
) -> None:
    assert read_queries(write(tmp_path, row(answer=given)))[0].answers == read


def test_a_question_that_nothing_answers_has_no_answer_and_no_file(tmp_path: Path) -> None:
    (read,) = read_queries(write(tmp_path, row(relevant=[], answer=[])))
    assert (read.relevant, read.answers) == ((), ())


def test_blank_lines_and_a_byte_order_mark_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, "", row(), "  ")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_queries(path)) == 1


def test_a_line_separator_inside_a_query_does_not_end_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps(row(query="two\u2028lines"), ensure_ascii=False))
    assert read_queries(path)[0].text == "two\u2028lines"


def test_a_line_that_is_no_json_is_told_with_one_number_that_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ParseError) as caught:
        read_queries(write(tmp_path, row(), '{"id": oops}'))
    assert re.findall(r"line \d+", str(caught.value)) == ["line 2"]
    assert "at column 8; a line is like" in str(caught.value)


def test_a_missing_kind_is_any(tmp_path: Path) -> None:
    fields = {name: value for name, value in row().items() if name != "kind"}
    assert read_queries(write(tmp_path, fields))[0].kind == "any"


def test_an_image_is_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "query.png").write_bytes(b"pixels")
    read = read_queries(write(tmp_path, row(query=None, image="query.png")))
    assert read[0].image == (tmp_path / "query.png").resolve()


def test_an_image_may_have_an_absolute_path(tmp_path: Path) -> None:
    image = tmp_path / "elsewhere.png"
    image.write_bytes(b"pixels")
    (tmp_path / "queries").mkdir()
    read = read_queries(write(tmp_path / "queries", row(image=str(image))))
    assert read[0].image == image.resolve()


@pytest.mark.parametrize("name", ["../secret.png", "link.png", "absent.png", "nul\0.png"])
def test_an_image_outside_the_folder_or_absent_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(b"pixels")
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ParseError, match="line 1: image"):
        read_queries(write(tmp_path / "queries", row(image=name)))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "JSON"),
        ("[1]", "should be an object"),
        (row(query=" "), "neither a query nor an image"),
        (row(relevant=[]), "relevant"),
        (row(relevant="a.png"), r'relevant: .* array, not "a\.png"; a line is like {"id": "q1"'),
        (row(relevant=["a.png", 7.5, None]), r"relevant\.2: .* string, not null"),
        (row(id=""), "id"),
        (row(id="q0"), "'q0' is already used on line 1"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(tmp_path: Path, bad: object, reason: str) -> None:
    path = write(tmp_path, row(id="q0"), bad)
    with pytest.raises(ParseError, match=f"queries.jsonl, line 2: .*{reason}"):
        read_queries(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"absent\.jsonl"):
        read_queries(tmp_path / "absent.jsonl")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParseError, match="UTF-8"):
        read_queries(tmp_path / "queries.jsonl")


def test_a_file_without_queries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="no queries"):
        read_queries(write(tmp_path, ""))


def test_two_spellings_of_one_file_are_one_file(tmp_path: Path) -> None:
    given = row(relevant=["./a.png", "a.png", ".//b/./c.png", ".d.png"])
    (read,) = read_queries(write(tmp_path, {**given, "relevant_pages": [_PAGE]}))
    assert read.relevant == ("a.png", "b/./c.png", ".d.png")
    assert read.pages == (RelevantPage("a.pdf", 1),)


def test_pages_that_answer_are_counted_from_1_whatever_the_labels_do(tmp_path: Path) -> None:
    pages = [{"file": "a.pdf", "page": 3}, {"file": "b.pdf", "page_zero_indexed": 0, "why": "x"}]
    (read,) = read_queries(write(tmp_path, row(relevant_pages=pages)))
    assert read.pages == (RelevantPage("a.pdf", 3), RelevantPage("b.pdf", 1))


@pytest.mark.parametrize(
    "page",
    [
        {"file": "a.pdf"},
        {"file": "a.pdf", "page": 1, "page_zero_indexed": 0},
        {"file": "a.pdf", "page": 0},
        {"file": "", "page": 1},
    ],
)
def test_a_page_without_a_file_or_one_number_is_refused(
    tmp_path: Path, page: dict[str, object]
) -> None:
    with pytest.raises(ParseError, match=r"line 1: relevant_pages\.0"):
        read_queries(write(tmp_path, row(relevant_pages=[page])))
