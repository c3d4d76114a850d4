"""Labelled queries as TREC has them: topics in one file, judgements (qrels) in another."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmrag_pipeline.errors import ParseError
from mmrag_pipeline.evaluation.qrels import (
    LabelledQuery,
    bad_line,
    entry_of,
    merged,
    numbered_lines,
    read_queries,
)

QRELS, TOPICS = ".qrels", ".topics"
KIND = "topic"
"""TREC has no kinds of queries."""
# the document stands in the middle, for a key may hold blanks
_JUDGED = re.compile(r"(?P<id>\S+)\s+\S+\s+(?P<key>\S.*?)\s+(?P<grade>[+-]?\d+)\s*")
_NUMBER = re.compile(r"<num>\s*(?:Number:)?\s*([^\s<]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:Topic:)?\s*([^<]+)", re.IGNORECASE)


def read_query_files(paths: Iterable[Path]) -> list[LabelledQuery]:
    """Return the queries of several files, each JSON Lines or, with the suffix .qrels, TREC.

    Raises NotFoundError or ParseError naming the file, and ParseError for an id used twice.
    """
    return merged((path, read_query_file(path)) for path in paths)


def read_query_file(path: Path) -> list[LabelledQuery]:
    """Return the queries of JSON Lines, or of qrels whose topics lie beside them (.topics)."""
    if path.suffix != QRELS:
        return read_queries(path)
    return read_trec(path.with_suffix(TOPICS), path)


def read_trec(topics: Path, qrels: Path) -> list[LabelledQuery]:
    """Return the topics that have a relevant file, in order, with the grades of their files.

    Topics are lines `ID<TAB>WORDS`, or TREC's own `<top>` with `<num>` and `<title>`. Judgements
    are lines `ID ITERATION KEY GRADE`; a grade below 1 says that a file is not relevant. Raises
    NotFoundError and ParseError; a judgement of no topic is an error, a topic without relevant
    files is passed over, as trec_eval does.
    """
    asked = dict(_topics(topics))
    judged: dict[str, dict[str, int]] = {}
    for line_no, line in numbered_lines(qrels):
        found = _JUDGED.fullmatch(line)
        if found is None:
            raise bad_line(qrels, line_no, "is no `ID ITERATION KEY GRADE`")
        if found["id"] not in asked:
            raise bad_line(qrels, line_no, f"topic {found['id']!r:.100} is not in {topics}")
        grades = judged.setdefault(found["id"], {})
        key = entry_of(found["key"])
        if key in grades:
            raise bad_line(qrels, line_no, f"judges {key!r:.200} a second time")
        grades[key] = int(found["grade"])
    queries = [_query(name, words, judged.get(name, {})) for name, words in asked.items()]
    relevant = [query for query in queries if query.relevant]
    if not relevant:
        raise ParseError(f"{qrels} judges no file relevant to a topic of {topics}", reason="empty")
    return relevant


def _query(name: str, words: str, grades: dict[str, int]) -> LabelledQuery:
    relevant = {key: grade for key, grade in grades.items() if grade > 0}
    return LabelledQuery(name, words, None, (*relevant,), KIND, grades=(*relevant.values(),))


def _topics(path: Path) -> Iterator[tuple[str, str]]:
    lines = list(numbered_lines(path))
    text = "\n".join(line for _, line in lines)
    found = _tagged(path, text) if "<top>" in text.lower() else _tabbed(path, lines)
    seen: set[str] = set()
    for name, words in found:
        if name in seen:
            raise ParseError(f"{path}: topic {name!r:.100} stands there twice", reason="bad_query")
        seen.add(name)
        yield name, words


def _tabbed(path: Path, lines: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    for line_no, line in lines:
        name, tab, words = line.partition("\t")
        if not tab or not name.strip() or not words.strip():
            raise bad_line(path, line_no, "is no `ID<TAB>WORDS`")
        yield name.strip(), words.strip()


def _tagged(path: Path, text: str) -> Iterator[tuple[str, str]]:
    for topic in re.split("<top>", text, flags=re.IGNORECASE)[1:]:
        number, title = _NUMBER.search(topic), _TITLE.search(topic)
        if number is None or title is None or not title[1].strip():
            raise ParseError(
                f"{path}: the topic {topic.strip()!r:.100} has no <num> or no <title>",
                reason="bad_query",
            )
        yield number[1], " ".join(title[1].split())
