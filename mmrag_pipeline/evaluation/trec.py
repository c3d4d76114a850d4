"""Labelled queries as TREC has them: topics in one file, judgements (qrels) in another."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmrag_pipeline.errors import NotFoundError, ParseError
from mmrag_pipeline.evaluation.qrels import (
    LabelledQuery,
    bad_line,
    entry_of,
    merged,
    numbered_lines,
    read_queries,
)

QRELS, TOPICS = ".qrels", ".topics"
_QRELS_LINE = "`ID ITERATION KEY GRADE`, as `t1 0 shop/kettle.png 1`"
_TOPICS_LINE = "`ID<TAB>WORDS`, as `t1<TAB>a red kettle`"
_SHOWN = 100
"""Characters of what stands in a wrong place."""
KIND = "topic"
"""TREC has no kinds of queries."""
# the document stands in the middle, for a key may hold blanks
_JUDGED = re.compile(r"(?P<id>\S+)\s+\S+\s+(?P<key>\S.*?)\s+(?P<grade>[+-]?\d+)\s*")
_TOPIC = re.compile(r"<top>((?:(?!<top>).)*)", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"<num>\s*(?:Number:)?\s*([^\s<]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:Topic:)?\s*([^<]+)", re.IGNORECASE)
_Lines = list[tuple[int, str]]
"""Those that are not blank, with their numbers."""


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
    try:
        asked = dict(_topics(topics))
    except NotFoundError as error:
        raise NotFoundError(
            f"{qrels} judges topics, and what they ask is looked for in {topics}: {error}; put "
            f"that file there, with lines {_TOPICS_LINE}"
        ) from error
    judged: dict[str, dict[str, int]] = {}
    for line_no, line in numbered_lines(qrels):
        found = _JUDGED.fullmatch(line)
        if found is None:
            raise bad_line(qrels, line_no, f"{line.strip()!r:.{_SHOWN}} is no {_QRELS_LINE}")
        if found["id"] not in asked:
            told = f"topic {found['id']!r:.{_SHOWN}} is not in {topics}: add it as {_TOPICS_LINE}"
            raise bad_line(qrels, line_no, told)
        grades = judged.setdefault(found["id"], {})
        key = entry_of(found["key"])
        if key in grades:
            raise bad_line(qrels, line_no, f"judges {key!r:.200} a second time")
        grades[key] = int(found["grade"])
    queries = [_query(name, words, judged.get(name, {})) for name, words in asked.items()]
    relevant = [query for query in queries if query.relevant]
    if not relevant:
        raise ParseError(
            f"{qrels} judges no file relevant to a topic of {topics}: add lines {_QRELS_LINE}",
            reason="empty",
        )
    return relevant


def _query(name: str, words: str, grades: dict[str, int]) -> LabelledQuery:
    relevant = {key: grade for key, grade in grades.items() if grade > 0}
    return LabelledQuery(name, words, None, (*relevant,), KIND, grades=(*relevant.values(),))


def _topics(path: Path) -> Iterator[tuple[str, str]]:
    lines = list(numbered_lines(path))
    tagged = any("<top>" in line.lower() for _, line in lines)
    found = _tagged(path, lines) if tagged else _tabbed(path, lines)
    seen: dict[str, int] = {}
    for line_no, name, words in found:
        if name in seen:
            told = f"topic {name!r:.{_SHOWN}} already stands on line {seen[name]}"
            raise bad_line(path, line_no, told)
        seen[name] = line_no
        yield name, words


def _tabbed(path: Path, lines: _Lines) -> Iterator[tuple[int, str, str]]:
    for line_no, line in lines:
        name, tab, words = line.partition("\t")
        if not tab or not name.strip() or not words.strip():
            raise bad_line(path, line_no, f"{line.strip()!r:.{_SHOWN}} is no {_TOPICS_LINE}")
        yield line_no, name.strip(), words.strip()


def _tagged(path: Path, lines: _Lines) -> Iterator[tuple[int, str, str]]:
    text = "\n".join(line for _, line in lines)
    for topic in _TOPIC.finditer(text):
        line_no, _ = lines[text.count("\n", 0, topic.start())]
        number, title = _NUMBER.search(topic[0]), _TITLE.search(topic[0])
        if number is None or title is None or not title[1].strip():
            told = f"the topic {topic[1].strip()!r:.{_SHOWN}} has no <num> or no <title>"
            raise bad_line(path, line_no, f"{told}, as `<top><num>t1<title>a red kettle</top>`")
        yield line_no, number[1], " ".join(title[1].split())
