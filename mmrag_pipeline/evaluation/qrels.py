"""Labelled queries from JSON Lines: what is asked and which files answer it."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from mmrag_pipeline.errors import NotFoundError, ParseError
from mmrag_pipeline.ids import domain_of
from mmrag_pipeline.indexing.commit import rows_of
from mmrag_pipeline.ports import TableStore


@dataclass(frozen=True, slots=True)
class RelevantPage:
    """A page that answers a query: of which entry, and its number from 1."""

    entry: str
    """A key or `DOMAIN/KEY`, like those of `relevant`."""
    page_no: int


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """One query and the files of which any one is a right answer."""

    query_id: str
    text: str
    image: Path | None
    relevant: tuple[str, ...]
    """Each a key or `DOMAIN/KEY`."""
    kind: str
    ignored: tuple[str, ...] = ()
    """Fields of the line that are none of ours."""
    grades: tuple[int, ...] = ()
    """How relevant each file is, 1 or more; empty: all alike."""
    pages: tuple[RelevantPage, ...] = ()
    """The pages that answer, where the labels name them."""
    answers: tuple[str, ...] = ()
    """Texts of which any one is a right answer; none where no answer is labelled, or where
    nothing answers, and then no file is relevant either."""


class _Page(BaseModel):
    """One page; what else stands there (the evidence in words, say) is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str = Field(min_length=1)
    page: int | None = Field(None, ge=1)
    page_zero_indexed: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _has_one_number(self) -> "_Page":
        if (self.page is None) == (self.page_zero_indexed is None):
            raise ValueError("needs page (from 1) or page_zero_indexed (from 0), and not both")
        return self

    @property
    def relevant(self) -> RelevantPage:
        first = (self.page_zero_indexed or 0) + 1
        return RelevantPage(entry_of(self.file), first if self.page is None else self.page)


_EXAMPLE = '{"id": "q1", "query": "a red kettle", "relevant": ["shop/kettle.png"]}'
_SHOWN = 80
"""Characters of what stands in a wrong place."""
_PLACE = re.compile(r" at line \d+ column (\d+)")
"""How the parser names a place: it counts the lines of what it is given, which is one line."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, extra="allow")

    id: str = Field(min_length=1)
    query: str | None = None
    image: str | None = None
    relevant: list[str]
    relevant_pages: list[_Page] = []
    kind: str = Field("any", min_length=1)
    answer: list[str] | None = None

    @field_validator("answer", mode="before")
    @classmethod
    def _one_or_many(cls, given: object) -> object:
        return given if given is None or isinstance(given, list) else [given]

    @model_validator(mode="after")
    def _asks_something(self) -> "_Row":
        if not (self.query or "").strip() and not self.image:
            raise ValueError("has neither a query nor an image")
        return self

    @model_validator(mode="after")
    def _is_answered(self) -> "_Row":
        if not self.relevant and self.answer != []:
            raise ValueError('relevant names no file; write "answer": [] where nothing answers')
        return self


FIELDS = tuple(_Row.model_fields)
"""What a line may hold."""


def read_queries(path: Path) -> list[LabelledQuery]:
    """Return the labelled queries of a JSON Lines file (UTF-8; blank lines are skipped).

    Fields: id, query and/or image, relevant (keys), relevant_pages, kind, answer (a text, or
    several of which any one is right); others are ignored. A question that nothing answers has
    an empty list of answers, and may have one of relevant files. An image is an absolute path, or
    one relative to the file that stays inside its folder. Raises NotFoundError or ParseError; both
    name the file, ParseError also the line.
    """
    found: dict[str, tuple[int, LabelledQuery]] = {}
    for line_no, line in numbered_lines(path):
        query = _labelled(line, path, line_no)
        if query.query_id in found:
            first = found[query.query_id][0]
            raise bad_line(path, line_no, f"id {query.query_id!r} is already used on line {first}")
        found[query.query_id] = (line_no, query)
    if not found:
        raise ParseError(f"{path} holds no queries; write one JSON object per line", reason="empty")
    return [query for _, query in found.values()]


def merged(sets: Iterable[tuple[Path, Sequence[LabelledQuery]]]) -> list[LabelledQuery]:
    """Return the queries of several files; raises ParseError for an id that two of them use."""
    where: dict[str, Path] = {}
    found: list[LabelledQuery] = []
    for path, queries in sets:
        for query in queries:
            if query.query_id in where:
                raise ParseError(
                    f"query {query.query_id!r:.100} stands in {where[query.query_id]} and in "
                    f"{path}: give each query an id of its own",
                    reason="bad_query",
                )
            where[query.query_id] = path
            found.append(query)
    return found


def labels_of(tables: TableStore, partition: str) -> set[str]:
    """Return every file of a partition that is in time, as `KEY` and as `DOMAIN/KEY`."""
    keys = rows_of(tables, "raw_files", partition).filter(~pl.col("expired"))["key"]
    return {way for key in keys for way in (key, f"{domain_of(partition)}/{key}")}


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Return the lines of a text file that are not blank; raises NotFoundError or ParseError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotFoundError(f"cannot read the queries file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParseError(f"{path} is not UTF-8: {error}", reason="bad_query") from error
    for line_no, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield line_no, line


def _labelled(line: str, path: Path, line_no: int) -> LabelledQuery:
    try:
        row = _Row.model_validate_json(line)
    except ValidationError as error:
        raise bad_line(path, line_no, f"{_reasons(error)}; a line is like {_EXAMPLE}") from error
    image = _image_path(row.image, path, line_no) if row.image else None
    return LabelledQuery(
        query_id=row.id,
        text=row.query or "",
        image=image,
        relevant=tuple(dict.fromkeys(map(entry_of, row.relevant))),
        kind=row.kind,
        ignored=tuple(row.model_extra or ()),
        pages=tuple(page.relevant for page in row.relevant_pages),
        answers=tuple(row.answer or ()),
    )


def _reasons(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False)
    return "; ".join(
        ": ".join(filter(None, (".".join(map(str, e["loc"])), f"{_said(e['msg'])}{_given(e)}")))
        for e in found
    )


def _given(error: ErrorDetails) -> str:
    """Return what stands where something of another type belongs."""
    given = json.dumps(error["input"], ensure_ascii=False)
    return f", not {given:.{_SHOWN}}" if error["type"].endswith("_type") else ""


def _said(message: str) -> str:
    return _PLACE.sub(r" at column \1", message.removeprefix("Value error, "))


def _image_path(name: str, path: Path, line_no: int) -> Path:
    """Return where a query's picture is; a relative name must not leave the file's folder."""
    folder = path.parent.resolve()
    try:
        image = (folder / name).resolve()
    except (OSError, ValueError) as error:
        raise bad_line(path, line_no, f"image {name!r} is not a path") from error
    if not Path(name).is_absolute() and not image.is_relative_to(folder):
        raise bad_line(path, line_no, f"image {name!r} leaves the folder {folder}")
    if not image.is_file():
        raise bad_line(path, line_no, f"image {name!r} is not a file (looked for {image})")
    return image


def entry_of(written: str) -> str:
    """Return a relevant file as keys are spelled: `./a.png`, as shells complete it, is `a.png`."""
    while written.startswith("./"):
        written = written[2:].lstrip("/")
    return written


def bad_line(path: Path, line_no: int, problem: str) -> ParseError:
    """Return the error for a line of a file of queries."""
    return ParseError(f"{path}, line {line_no}: {problem}", reason="bad_query")
