"""The generator gives the same bytes again, and relevance follows from what it knows."""

import json
from itertools import islice
from pathlib import Path

import pytest

from demo.generate.content import Ask
from demo.generate.corpus import corpus
from demo.generate.item import Item
from demo.generate.manuals import manuals
from demo.generate.notes import notes
from demo.generate.paint import face, sprite
from demo.generate.photos import photos
from demo.generate.queries import answers, query_lines, question_lines

DEMO = Path(__file__).parents[2] / "demo"
CARD = Item("office/a.png", b"", frozenset({"pen", "book"}), "Hexbury\nHG-07", frozenset({"ink"}))


@pytest.fixture
def fonts() -> None:
    try:
        sprite("pen", 10)
        face("DejaVuSans", 10)
    except OSError:
        pytest.skip("the Debian packages fonts-noto-color-emoji and fonts-dejavu-core are absent")


def test_notes_on_disk_are_what_the_generator_writes() -> None:
    for item in notes():
        assert (DEMO / "corpus" / item.key).read_bytes() == item.data


def test_manuals_with_text_on_disk_are_what_the_generator_writes(fonts: None) -> None:
    for item in manuals():
        scanned = "blender" in item.key
        assert scanned or (DEMO / "corpus" / item.key).read_bytes() == item.data


def test_the_same_pictures_are_drawn_again(fonts: None) -> None:
    assert list(islice(photos(), 3)) == list(islice(photos(), 3))


@pytest.mark.slow
def test_labels_on_disk_are_what_the_generator_knows(fonts: None) -> None:
    written = (DEMO / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    assert written == list(query_lines(corpus()))
    written = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    assert written == list(question_lines(corpus()))


def test_a_question_whose_answer_no_file_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="is not in each"):
        list(question_lines([CARD]))


def test_labels_are_json_with_the_fields_that_evaluation_reads() -> None:
    line = next(query_lines([CARD]))
    assert json.loads(line).keys() == {"id", "query", "relevant", "kind"}


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (Ask(shows=frozenset({"pen"})), True),
        (Ask(shows=frozenset({"pen", "chair"})), False),
        (Ask(holds="hg-07"), True),
        (Ask(holds="HG-08"), False),
        (Ask(topic="ink"), True),
        (Ask(topic="paper"), False),
        (Ask(shows=frozenset({"pen"}), holds="HG-08"), False),
    ],
)
def test_a_file_answers_when_it_has_everything_asked_for(ask: Ask, expected: bool) -> None:
    assert answers(CARD, ask) is expected
