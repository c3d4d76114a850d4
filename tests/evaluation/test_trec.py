"""Topics and judgements as TREC has them."""

from pathlib import Path

import pytest

from mmrag_pipeline.errors import NotFoundError, ParseError
from mmrag_pipeline.evaluation.qrels import LabelledQuery
from mmrag_pipeline.evaluation.trec import read_query_files, read_trec

TABBED = "t1\ta red kettle\nt2\tgreen tea\n"
TAGGED = """<top>
<num> Number: t1
<title> a red
  kettle

<desc> Description: of any size
</top>
<TOP><NUM>t2<TITLE>Topic: green tea</TOP>
"""
QRELS = "t1 0 shop/a red.png 2\nt1 0 b.png 0\nt1\t0\tc.png\t1\nt2 0 d.txt 1\n"


def _write(folder: Path, topics: str, qrels: str) -> tuple[Path, Path]:
    (folder / "set.topics").write_text(topics)
    (folder / "set.qrels").write_text(qrels)
    return folder / "set.topics", folder / "set.qrels"


@pytest.mark.parametrize("topics", [TABBED, TAGGED])
def test_topics_and_judgements_become_queries_with_grades(tmp_path: Path, topics: str) -> None:
    assert read_trec(*_write(tmp_path, topics, QRELS)) == [
        LabelledQuery(
            "t1", "a red kettle", None, ("shop/a red.png", "c.png"), "topic", grades=(2, 1)
        ),
        LabelledQuery("t2", "green tea", None, ("d.txt",), "topic", grades=(1,)),
    ]


def test_a_topic_without_a_relevant_file_is_passed_over(tmp_path: Path) -> None:
    (query,) = read_trec(*_write(tmp_path, TABBED, "t1 0 a.png 0\nt2 0 d.txt 1\n"))
    assert query.query_id == "t2"


@pytest.mark.parametrize(
    ("topics", "qrels", "reason"),
    [
        (TABBED, "t1 0 a.png\n", r"set.qrels, line 1: 't1 0 a.png' is no `ID ITERATION KEY GR"),
        (TABBED, "t9 0 a.png 1\n", r"line 1: topic 't9' is not in .*: add it as `ID<TAB>WORDS`"),
        (TABBED, "t1 0 a 1\nt1 0 a 0\n", "line 2: judges 'a' a second time"),
        (TABBED, "t1 0 a 1\nt1 0 ./a 1\n", "line 2: judges 'a' a second time"),
        (TABBED, "t1 0 a 0\n", r"judges no file relevant.* add lines `ID ITER"),
        ("t1 no tab\n", QRELS, r"set.topics, line 1: 't1 no tab' is no `ID<TAB>WORDS`, as `t1"),
        (TABBED + "t1\tagain\n", QRELS, "line 3: topic 't1' already stands on line 1"),
        ("\n\n<top><num>t1</top>", QRELS, "line 3: the topic .* has no <num> or no <title>"),
        (TAGGED + TAGGED, QRELS, "line 9: topic 't1' already stands on line 1"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, topics: str, qrels: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        read_trec(*_write(tmp_path, topics, qrels))


def test_qrels_find_their_topics_beside_them(tmp_path: Path) -> None:
    _, qrels = _write(tmp_path, TABBED, QRELS)
    lines = tmp_path / "more.jsonl"
    lines.write_text('{"id": "q", "query": "tea", "relevant": ["d.txt"]}')
    assert [query.query_id for query in read_query_files((lines, qrels))] == ["q", "t1", "t2"]
    (tmp_path / "set.topics").unlink()
    with pytest.raises(NotFoundError, match=r"set\.qrels judges topics, .*set\.topics.* `ID<TAB>"):
        read_query_files((qrels,))


def test_an_id_that_two_files_use_is_refused(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"id": "q", "query": "tea", "relevant": ["d.txt"]}')
    with pytest.raises(ParseError, match=r"'q' stands in .*a\.jsonl and in .*b\.jsonl"):
        read_query_files((tmp_path / "a.jsonl", tmp_path / "b.jsonl"))
